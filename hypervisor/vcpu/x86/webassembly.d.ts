/** What this room uses of WebAssembly. The full types come with the DOM's, which a host without a browser does not want. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
    static exports(module: Module): {name: string}[];
  }
  class Instance {
    readonly exports: Record<string, unknown>;
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  function validate(bytes: Uint8Array): boolean;
  class Table {
    constructor(descriptor: {element: 'anyfunc'; initial: number});
    set(index: number, value: unknown): void;
  }
}
