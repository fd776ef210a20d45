import type {XsClient} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';
import {escapeValue} from './escape.ts';
import {nodesBelow, type ShownNode} from './snapshot.ts';

export interface ListOptions {
  readonly fullPaths: boolean;
  readonly perms: boolean;
  /** Columns: a value that would go on behind is cut, but not behind whole paths. */
  readonly width: number;
}

/** Where permissions start, if the value is short. */
const PERMS_COLUMN = 60;
const CUT = String.raw` = "\..."`;

/** What xenstore-ls prints. */
export const list = async (
  xs: XsClient,
  path: string,
  options: ListOptions,
  print: (line: string) => void,
): Promise<void> => {
  if ((await xs.directory(path)) === undefined) throw new ToolstackError('ENOENT', `pvsim: there is no node ${path}`);
  const depth = path === '/' ? 1 : path.split('/').length;
  for await (const node of nodesBelow(xs, path))
    print(listLine(node, node.path.split('/').length - 1 - depth, options));
};

function listLine({path, value, perms}: ShownNode, depth: number, options: ListOptions): string {
  const {fullPaths} = options;
  const width = fullPaths ? Infinity : options.width;
  const name = fullPaths ? path : `${' '.repeat(Math.max(0, depth))}${path.slice(path.lastIndexOf('/') + 1)}`;
  const used = fullPaths ? 0 : name.length;
  const text = escapeValue(value);
  if (width < used + value.length + CUT.length - 1) {
    const cut = `${name} = "${text.slice(0, Math.max(0, width - CUT.length + 1 - used))}\\..."`;
    return options.perms ? `${cut}  (${perms})` : cut;
  }
  const line = `${name} = "${text}"`;
  if (!options.perms) return line;
  const column = used + text.length + 5;
  return `${line} ${dots(column + 1, fullPaths ? 0 : Math.min(PERMS_COLUMN, width))}  (${perms})`;
}

/** Dots in every other column. */
function dots(from: number, to: number): string {
  let text = '';
  for (let column = from; column < to; column++) text += column & 1 ? '.' : ' ';
  return text;
}
