// A style sheet of a package as its text.
declare module "*.css?inline" {
  const text: string;
  export default text;
}
