// Modules that src/web/build/library.ts makes.
declare module "virtual:library" {
  const index: import("../build/library-entry.ts").LibraryIndex;
  export default index;
}
declare module "virtual:library-texts" {
  const texts: Readonly<Record<string, import("../build/library-entry.ts").LibraryText>>;
  export default texts;
}
declare module "virtual:scenario-schema" {
  const schema: import("../panels/editor/schema-walk.ts").Schema;
  export default schema;
}
