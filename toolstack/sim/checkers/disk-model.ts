const SECTOR = 512;

/** A call that changes sectors. `ok` stays undefined while it is under way. */
interface Change {
  readonly first: number;
  readonly end: number;
  /** What it writes: a version of its own, 0 for zeroes. */
  readonly version: number;
  ok: boolean | undefined;
}

interface Look {
  readonly first: number;
  readonly bytes: Uint8Array;
  /** Changes that were called for before it was, and before it was answered. */
  readonly before: number;
  readonly during: number;
  /** The connection was lost meanwhile: it may have been done twice, the last time late. */
  readonly repeated: boolean;
}

/** A sector of a version: its bytes say which one it is, and where it belongs. */
export const sectorOf = (version: number, sector: number): Uint8Array => {
  const words = new Uint32Array(SECTOR / 4);
  if (version === 0) return new Uint8Array(words.buffer);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(version, 0x9e3779b1) ^ Math.imul(sector + 1, i + 1);
  return new Uint8Array(words.buffer);
};

/**
 * What a disk may hold: calls that touch the same bytes take effect in the order they were made; one that failed may
 * have changed any of its sectors, but each as a whole.
 */
export class DiskModel {
  private readonly changes: Change[] = [];
  private readonly looks: Look[] = [];

  /** A change is called for: the version it writes, and how to say how it ended. */
  change(first: number, count: number, zero = false): {version: number; settle: (ok: boolean) => void} {
    const version = zero ? 0 : this.changes.length + 1;
    const change: Change = {first, end: first + count, version, ok: undefined};
    this.changes.push(change);
    return {version, settle: (ok) => (change.ok = ok)};
  }

  /** A read is called for: how to say what it gave. */
  look(first: number): (bytes: Uint8Array, repeated: boolean) => void {
    const before = this.changes.length;
    return (bytes, repeated) => this.looks.push({first, bytes, before, during: this.changes.length, repeated});
  }

  /** All has ended. Returns what is wrong with what was read and with what the disk holds now, or undefined. */
  fault(disk: Uint8Array): string | undefined {
    for (const {first, bytes, before, during, repeated} of this.looks) {
      const fault = this.faultOf(first, bytes, before, repeated ? during : before);
      if (fault !== undefined) return `a read, ${fault}`;
    }
    const fault = this.faultOf(0, disk, this.changes.length, this.changes.length);
    return fault === undefined ? undefined : `the disk, ${fault}`;
  }

  private faultOf(first: number, bytes: Uint8Array, before: number, until: number): string | undefined {
    for (let at = 0; at < bytes.length; at += SECTOR) {
      const sector = first + at / SECTOR;
      const held = bytes.subarray(at, at + SECTOR);
      const versions = this.versionsOf(sector, before, until);
      if (!versions.some((version) => Buffer.compare(sectorOf(version, sector), held) === 0)) {
        return `sector ${sector}: none of versions ${versions.join()}`;
      }
    }
    return undefined;
  }

  /** What a sector may hold once the first `before` changes are done, and perhaps some of those up to `until`. */
  private versionsOf(sector: number, before: number, until: number): number[] {
    const versions: number[] = [];
    for (let i = until - 1; i >= 0; i--) {
      const {first, end, version, ok} = this.changes[i];
      if (sector < first || sector >= end) continue;
      versions.push(version);
      if (ok === true && i < before) return versions;
    }
    return [...versions, 0];
  }
}
