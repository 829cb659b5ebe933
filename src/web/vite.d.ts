// Files that Vite gives as text.
declare module "*?raw" {
  const text: string;
  export default text;
}
declare module "*.css";
interface ImportMeta {
  /** What Vite knows of the build. */
  readonly env: { readonly PROD: boolean };
}
