import {stat} from 'node:fs/promises';
import {extname, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {GuestProgram} from '../../frontends/guest/index.ts';
import {ToolstackError} from '../errors.ts';
import {KernelFormatError} from './elf.ts';
import type {HvmImage} from './hvm-image.ts';
import {loadLinuxKernel, loadPvhKernel} from './kernel-file.ts';
import type {PvhImage} from './pvh-image.ts';
import {checkRegular, readRegular} from './read-file.ts';
import {importTypescript} from './typescript.ts';

/** A kernel written in TypeScript: those that come with pvsim, or a guest program. */
export type ProgramImage = {kind: 'builtin' | 'driver-domain'} | {kind: 'program'; main: GuestProgram};
/** What a domain runs. */
export type KernelImage = ProgramImage | ({kind: 'pvh'} & PvhImage) | ({kind: 'hvm'} & HvmImage);

const EXIT_BUILD_FAILED = 3;
const programExtensions = new Set(['.js', '.mjs', '.ts', '.mts']);

/**
 * Resolves `kernel=` and `ramdisk=`: a built-in kernel, a module whose default export is a guest program, or a real kernel
 * for PVH or HVM.
 */
export const loadKernel = async (
  kernel: string,
  ramdisk: string | undefined,
  baseDir: string,
  isHvm: boolean,
): Promise<KernelImage> => {
  if (kernel === 'builtin' || kernel === 'driver-domain') return {kind: kernel};
  const path = resolve(baseDir, kernel);
  if (programExtensions.has(extname(path))) {
    await reportFormat(path, () => checkRegular(path));
    return {kind: 'program', main: await importProgram(path)};
  }
  const load = async () => (ramdisk === undefined ? undefined : readRamdisk(ramdisk, baseDir));
  if (isHvm) {
    return {kind: 'hvm', kernel: await reportFormat(path, () => loadLinuxKernel(path)), ramdisk: await load()};
  }
  return {kind: 'pvh', kernel: await reportFormat(path, () => loadPvhKernel(path)), ramdisk: await load()};
};

/** Says which file a KernelFormatError is about, as the toolstack reports it. */
export const reportFormat = async <T>(path: string, load: () => T | Promise<T>, what = 'kernel'): Promise<T> => {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof KernelFormatError)) throw error;
    throw new ToolstackError(error.code, `libxl: error: ${what} ${path}: ${error.message}`, EXIT_BUILD_FAILED);
  }
};

/** Throws ToolstackError. */
export const readRamdisk = (ramdisk: string, baseDir: string): Promise<Uint8Array> => {
  const path = resolve(baseDir, ramdisk);
  return reportFormat(path, () => readRegular(path), 'ramdisk');
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
