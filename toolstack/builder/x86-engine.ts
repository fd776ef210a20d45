import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {setFlagsFromString} from 'node:v8';
import {patchCore} from '../../hypervisor/vcpu/x86/index.ts';

const ENGINE = 'v86/build/v86.wasm';

let engine: Promise<WebAssembly.Module> | undefined;

/** v86's core, patched and compiled, once a process. Throws UnknownCoreError for another build of it. */
export const loadEngine = (): Promise<WebAssembly.Module> => {
  engine ??= compileEngine();
  return engine;
};

const compileEngine = async (): Promise<WebAssembly.Module> => {
  const bytes = await readFile(createRequire(import.meta.url).resolve(ENGINE));
  const module = new WebAssembly.Module(patchCore(bytes));
  // What the core compiles for its guest is small and short-lived: optimizing it costs more than it ever gives back.
  setFlagsFromString('--liftoff-only');
  return module;
};
