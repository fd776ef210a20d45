/** Objects of one tape; a tape with more is refused, or full. */
export const MAX_OBJECTS = 1 << 24;

const BAD = 0x8000_0000;

/** Where the blocks and filemarks of a tape are, in their order: 12 bytes of memory each. */
export class ObjectIndex {
  count = 0;
  /** Of the lengths, the data alone; 0: a filemark, as no block is empty. */
  private lengths = new Uint32Array(64);
  private positions = new Float64Array(64);

  /** `position`: of the object in the file. There has to be room: see MAX_OBJECTS. */
  push(position: number, dataBytes: number, bad = false): void {
    if (this.count === this.lengths.length) this.grow();
    this.positions[this.count] = position;
    this.lengths[this.count++] = bad ? dataBytes | BAD : dataBytes;
  }

  isFilemark(object: number): boolean {
    return this.lengths[object] === 0;
  }

  dataBytes(object: number): number {
    return (this.lengths[object] & ~BAD) >>> 0;
  }

  isBad(object: number): boolean {
    return this.lengths[object] >= BAD;
  }

  position(object: number): number {
    return this.positions[object];
  }

  /** Filemarks before an object. */
  filemarksBefore(object: number): number {
    let found = 0;
    for (let i = 0; i < object; i++) if (this.lengths[i] === 0) found++;
    return found;
  }

  /** The object at which a file begins: behind its filemark; undefined if there are not so many. */
  startOfFile(file: number): number | undefined {
    let found = 0;
    for (let i = 0; i <= this.count; i++) {
      if (found === file) return i;
      if (this.lengths[i] === 0) found++;
    }
    return undefined;
  }

  /** Forgets all objects from this one on. */
  truncate(count: number): void {
    this.count = count;
  }

  private grow(): void {
    const [positions, lengths] = [this.positions, this.lengths];
    this.positions = new Float64Array(2 * positions.length);
    this.lengths = new Uint32Array(2 * lengths.length);
    this.positions.set(positions);
    this.lengths.set(lengths);
  }
}
