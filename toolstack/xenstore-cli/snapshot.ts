import type {TxId, XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import {escapeValue} from './escape.ts';

/** A node as it is shown: value as bytes, one a character; permissions as `n0,r5`. */
export interface ShownNode {
  readonly path: string;
  readonly value: string;
  readonly perms: string;
}

export const valueOf = async (xs: XsClient, path: string, tx: TxId = 0): Promise<string | undefined> => {
  const bytes = await xs.readBytes(path, tx);
  return bytes && Buffer.from(bytes).toString('latin1');
};

/** The nodes below `path`, parents first, in the store's order. What disappears meanwhile is passed over. */
export async function* nodesBelow(xs: XsClient, path: string, tx: TxId = 0): AsyncGenerator<ShownNode> {
  for (const name of (await xs.directory(path, tx)) ?? []) {
    const child = path === '/' ? `/${name}` : `${path}/${name}`;
    const [value, perms] = await Promise.all([valueOf(xs, child, tx), xs.getPerms(child, tx)]);
    if (value === undefined || perms === undefined) continue;
    yield {path: child, value, perms: perms.join(',')};
    yield* nodesBelow(xs, child, tx);
  }
}

/** `path` and what is below it at one moment. */
export const takeSnapshot = (xs: XsClient, path: string): Promise<ShownNode[]> =>
  xs.transaction(async (tx) => {
    const [value, perms] = await Promise.all([valueOf(xs, path, tx), xs.getPerms(path, tx)]);
    if (value === undefined || perms === undefined)
      throw new ToolstackError('ENOENT', `pvsim: there is no node ${path}`);
    const nodes: ShownNode[] = [{path, value, perms: perms.join(',')}];
    for await (const node of nodesBelow(xs, path, tx)) nodes.push(node);
    return nodes;
  });

/** `/path = "value" (n0,r5)`, as `xenstore-ls -fp` has it. */
export const formatNode = ({path, value, perms}: ShownNode): string => `${path} = "${escapeValue(value)}" (${perms})`;

/** The lines of a snapshot by path. */
export const parseSnapshot = (text: string, file: string): Map<string, string> => {
  const lines = new Map<string, string>();
  for (const line of text.split('\n').filter(Boolean)) {
    const path = /^(\/[^ ]*) = /.exec(line)?.[1];
    if (path === undefined) throw new ToolstackError('EINVAL', `pvsim: ${file} is not a snapshot: "${line}"`);
    lines.set(path, line);
  }
  return lines;
};

/** What was removed, added or changed, in the order of paths: `- ` as it was, `+ ` as it is. */
export const diffSnapshots = (before: Map<string, string>, after: Map<string, string>): string[] => {
  const paths = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return paths.flatMap((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    if (old === now) return [];
    return [...(old === undefined ? [] : [`- ${old}`]), ...(now === undefined ? [] : [`+ ${now}`])];
  });
};
