/** A table of an image's metadata as it stands in the file, byte for byte. */
export interface Table {
  readonly key: number;
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Differs from what the file has; it stays until it was written. */
  dirty: boolean;
  /** Looked at since the cache last needed room. */
  used: boolean;
}

export const tableOf = (key: number, bytes: Buffer): Table => ({
  key,
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  dirty: false,
  used: true,
});

/**
 * A bounded number of tables, least recently used ones go first (by second chance, so that a look costs a flag). Dirty
 * ones stay: their owner writes them before they take the room of all others.
 */
export class TableCache {
  private readonly tables = new Map<number, Table>();
  private readonly maxTables: number;
  private dirtyCount = 0;

  constructor(maxTables: number) {
    this.maxTables = Math.max(2, maxTables);
  }

  get(key: number): Table | undefined {
    const table = this.tables.get(key);
    if (table !== undefined) table.used = true;
    return table;
  }

  add(table: Table): Table {
    this.makeRoom();
    this.tables.set(table.key, table);
    return table;
  }

  markDirty(table: Table): void {
    if (!table.dirty) this.dirtyCount++;
    table.dirty = true;
  }

  markClean(table: Table): void {
    if (table.dirty) this.dirtyCount--;
    table.dirty = false;
  }

  get hasDirty(): boolean {
    return this.dirtyCount > 0;
  }

  /** Half of the room is taken by tables that cannot go. */
  get crowded(): boolean {
    return this.dirtyCount * 2 >= this.maxTables;
  }

  /** By key, so that the file is written in order where keys follow it. */
  dirtyTables(): Table[] {
    if (this.dirtyCount === 0) return [];
    return [...this.tables.values()].filter(({dirty}) => dirty).sort((a, b) => a.key - b.key);
  }

  private makeRoom(): void {
    if (this.tables.size < this.maxTables) return;
    // All may be in use or dirty: then there is one more than should be.
    let looks = this.tables.size * 2;
    for (const [key, table] of this.tables) {
      this.tables.delete(key);
      if (!table.used && !table.dirty) return;
      table.used = false;
      this.tables.set(key, table);
      if (--looks === 0) return;
    }
  }
}
