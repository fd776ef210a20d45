/** v86's compiled code occupies this part of the table, behind the core's own functions. */
const TABLE_OFFSET = 1024;
const TABLE_SLOTS = 900;

interface Compiled {
  index: number;
  code: unknown;
  start: number;
  stateFlags: number;
}

/**
 * Links the code that v86 compiles. It is compiled at once but installed only when the core has returned: from within,
 * the core's compiler state is locked, and the order of things would depend on how fast the machine compiles.
 */
export class JitLinker {
  readonly table = new WebAssembly.Table({element: 'anyfunc', initial: TABLE_SLOTS + TABLE_OFFSET});
  private readonly waiting: Compiled[] = [];
  private imports: Record<string, unknown> | undefined;

  compile(exports: Record<string, unknown>, index: number, start: number, stateFlags: number, code: Uint8Array): void {
    this.imports ??= jitImports(exports);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), {e: this.imports});
    this.waiting.push({index, code: instance.exports.f, start, stateFlags});
  }

  install(finished: (index: number, start: number, stateFlags: number) => void): void {
    if (this.waiting.length === 0) return;
    for (const {index, code, start, stateFlags} of this.waiting) {
      this.table.set(index + TABLE_OFFSET, code);
      finished(index, start, stateFlags);
    }
    this.waiting.length = 0;
  }

  forget(index: number): void {
    this.table.set(index + TABLE_OFFSET, null);
  }
}

/** What compiled code may call: the core's functions by name, and its memory as `m`. */
const jitImports = (exports: Record<string, unknown>): Record<string, unknown> => {
  const names = Object.keys(exports).filter((name) => !/^_|^zstd|_js$/.test(name));
  return {...Object.fromEntries(names.map((name) => [name, exports[name]])), m: exports.memory};
};
