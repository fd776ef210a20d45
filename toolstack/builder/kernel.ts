import {access, stat} from 'node:fs/promises';
import {extname, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {GuestProgram} from '../../frontends/guest/index.ts';
import {ToolstackError} from '../errors.ts';
import {importTypescript} from './typescript.ts';

/** What a domain runs. */
export type KernelImage = {kind: 'builtin'} | {kind: 'program'; main: GuestProgram};

const BUILTIN = 'builtin';
const EXIT_BUILD_FAILED = 3;
const programExtensions = new Set(['.js', '.mjs', '.ts', '.mts']);

/** Resolves `kernel=`: the built-in kernel, or a module whose default export is a guest program. */
export const loadKernel = async (kernel: string, baseDir: string): Promise<KernelImage> => {
  if (kernel === BUILTIN) return {kind: 'builtin'};
  const path = resolve(baseDir, kernel);
  await access(path).catch(() => {
    throw new ToolstackError('ENOENT', `libxl: error: kernel ${path}: No such file or directory`, EXIT_BUILD_FAILED);
  });
  if (!programExtensions.has(extname(path))) {
    const rule = 'this version runs "builtin" and guest programs (.ts, .js) only';
    throw new ToolstackError('EINVAL', `libxl: error: kernel ${path}: no loader found: ${rule}`, EXIT_BUILD_FAILED);
  }
  return {kind: 'program', main: await importProgram(path)};
};

const importProgram = async (path: string): Promise<GuestProgram> => {
  let program: {default?: unknown};
  try {
    program = await importModule(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new ToolstackError('EINVAL', `libxl: error: kernel ${path}: ${reason}`, EXIT_BUILD_FAILED);
  }
  // An ES module that was compiled to CommonJS nests its default export once more.
  const nested = program.default as {default?: unknown} | undefined;
  const main = typeof nested === 'function' ? nested : nested?.default;
  if (typeof main === 'function') return main as GuestProgram;
  const rule = 'its default export is not a function (guest) => void | Promise<void>';
  throw new ToolstackError('EINVAL', `libxl: error: kernel ${path}: ${rule}`, EXIT_BUILD_FAILED);
};

const importModule = async (path: string): Promise<{default?: unknown}> => {
  const {mtimeMs} = await stat(path);
  // The version keeps an edited file from being answered out of the module cache.
  const url = `${pathToFileURL(path).href}?version=${mtimeMs}`;
  const module: unknown = await (extname(path).endsWith('ts') ? importTypescript(url) : import(url));
  return module as {default?: unknown};
};
