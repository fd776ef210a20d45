import type {ByteString} from './byte-string.ts';
import type {Connection} from './connection.ts';

export interface Watch {
  readonly connection: Connection;
  /** Absolute, or the name of a special watch. */
  readonly path: ByteString;
  readonly token: ByteString;
  /** Length of what the connection's relative paths leave out, 0 for an absolute watch. */
  readonly hiddenBytes: number;
  /** How many levels below `path` it reaches; all without. */
  readonly depth: number | undefined;
  /** Order of registration. */
  readonly serial: number;
}

/** All watches by path. */
export class Watches {
  private readonly byPath = new Map<ByteString, Set<Watch>>();
  /** Watches by length of their path: prefixes of other lengths need no look-up. */
  private readonly byLength: number[] = [];
  private lastSerial = 0;

  nextSerial(): number {
    return ++this.lastSerial;
  }

  add(watch: Watch): void {
    const {path} = watch;
    const there = this.byPath.get(path);
    if (there === undefined) this.byPath.set(path, new Set([watch]));
    else there.add(watch);
    this.byLength[path.length] = (this.byLength[path.length] ?? 0) + 1;
  }

  remove(watch: Watch): void {
    const {path} = watch;
    const there = this.byPath.get(path);
    if (!there?.delete(watch)) return;
    if (there.size === 0) this.byPath.delete(path);
    this.byLength[path.length]--;
  }

  /**
   * Watches that a change at `path` concerns: on it or above it, or when `exact` on it only. In the order of events:
   * connection by connection, as they were registered.
   */
  concernedBy(path: ByteString, exact: boolean): readonly Watch[] {
    if (this.byPath.size === 0) return [];
    const found = [...this.on(path)];
    if (exact || path === '/') return ordered(found);
    found.push(...this.on('/'));
    for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      if (this.byLength[slash]) found.push(...this.on(path.slice(0, slash)));
    }
    return ordered(found);
  }

  private on(path: ByteString): Iterable<Watch> {
    return this.byPath.get(path) ?? [];
  }
}

/** Connection by connection, as they were registered. */
export const ordered = (watches: Watch[]): Watch[] =>
  watches.length < 2
    ? watches
    : watches.sort((a, b) => a.connection.serial - b.connection.serial || a.serial - b.serial);

/** How far below a watch a path lies: 0 is the watched node itself. */
export function levelsBelow(path: ByteString, watched: ByteString): number {
  const rest = watched === '/' ? path : path.slice(watched.length);
  return rest === '/' ? 0 : rest.split('/').length - 1;
}
