import type {TxId, XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import {argumentBytes, escapeValue, unescapeValue} from './escape.ts';
import {valueOf} from './snapshot.ts';

/** xenstore-read, -list, -exists, -write, -rm, -chmod: each in one transaction. Output lines are returned. */

const failed = (errno: string, what: string, path: string): ToolstackError =>
  new ToolstackError(errno, `pvsim: ${what} ${path}`);

export interface ReadOptions {
  readonly prefix: boolean;
  /** Bytes as they are, with nothing behind them. */
  readonly raw: boolean;
}

export const read = (xs: XsClient, paths: readonly string[], {prefix, raw}: ReadOptions): Promise<string> =>
  xs.transaction(async (tx) => {
    let text = '';
    for (const path of paths) {
      const value = await valueOf(xs, path, tx);
      if (value === undefined) throw failed('ENOENT', "couldn't read path", path);
      text += `${prefix ? `${path}: ` : ''}${raw ? value : `${escapeValue(value)}\n`}`;
    }
    return text;
  });

export const listNames = (xs: XsClient, paths: readonly string[], prefix: boolean): Promise<string> =>
  xs.transaction(async (tx) => {
    let text = '';
    for (const path of paths) {
      const names = await xs.directory(path, tx);
      if (names === undefined) throw failed('ENOENT', 'could not list path', path);
      for (const name of names) text += `${prefix ? `${path}/` : ''}${name}\n`;
    }
    return text;
  });

export const exist = async (xs: XsClient, paths: readonly string[]): Promise<boolean> => {
  const found = await Promise.all(paths.map((path) => xs.readBytes(path)));
  return !found.includes(undefined);
};

/** `pairs`: path, value, path, value, ... */
export const write = (xs: XsClient, pairs: readonly string[], raw: boolean): Promise<void> => {
  if (pairs.length % 2 !== 0) throw new ToolstackError('EINVAL', 'pvsim: a value is missing', 2);
  return xs.transaction(async (tx) => {
    for (let i = 0; i < pairs.length; i += 2) {
      const bytes = argumentBytes(pairs[i + 1]);
      await xs.write(pairs[i], Buffer.from(raw ? bytes : unescapeValue(bytes), 'latin1'), tx);
    }
  });
};

/** With `tidy` parents go, too, that are left without value and children. */
export const remove = (xs: XsClient, paths: readonly string[], tidy: boolean): Promise<void> =>
  xs.transaction(async (tx) => {
    for (const path of paths) {
      await xs.rm(path, tx);
      if (tidy) await removeEmptyParents(xs, path, tx);
    }
  });

const removeEmptyParents = async (xs: XsClient, path: string, tx: TxId): Promise<void> => {
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
    const parent = path.slice(0, slash);
    const [value, names] = await Promise.all([valueOf(xs, parent, tx), xs.directory(parent, tx)]);
    if (value !== '' || names?.length !== 0) return;
    await xs.rm(parent, tx);
  }
};

export interface ChmodOptions {
  readonly path: string;
  readonly perms: readonly string[];
  /** Parents too, without the root. */
  readonly upto: boolean;
  readonly recurse: boolean;
}

export const chmod = (xs: XsClient, {path, perms, upto, recurse}: ChmodOptions): Promise<void> =>
  xs.transaction(async (tx) => {
    await xs.setPerms(path, perms, tx);
    const slashes = upto ? path.matchAll(/(?<=.)\//g) : [];
    for (const {index} of slashes) await xs.setPerms(path.slice(0, index), perms, tx);
    if (recurse) await chmodBelow(xs, path, perms, tx);
  });

const chmodBelow = async (xs: XsClient, path: string, perms: readonly string[], tx: TxId): Promise<void> => {
  for (const name of (await xs.directory(path, tx)) ?? []) {
    const child = path === '/' ? `/${name}` : `${path}/${name}`;
    await xs.setPerms(child, perms, tx);
    await chmodBelow(xs, child, perms, tx);
  }
};
