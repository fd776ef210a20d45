import {DEVICE, FEATURES, LBA_HIGH, LBA_LOW, LBA_MID, SECTOR_COUNT} from './ata.ts';

/**
 * The registers that hold a command's parameters. Those but Device are two bytes deep: a write pushes what was there to
 * the previous content, which 48-bit commands use. @see ATA/ATAPI-7, "48-bit Address feature set"
 */
export class TaskFile {
  private readonly current = new Uint8Array(DEVICE);
  private readonly previous = new Uint8Array(DEVICE);
  device = 0;

  /** Features to LBA High, or Device. */
  write(register: number, value: number): void {
    if (register === DEVICE) {
      this.device = value & 0xff;
      return;
    }
    this.previous[register] = this.current[register];
    this.current[register] = value;
  }

  /** `previous`: as the HOB bit asks for. */
  read(register: number, previous: boolean): number {
    if (register === DEVICE) return this.device;
    return (previous ? this.previous : this.current)[register];
  }

  /** The device's own change of a register. */
  set(register: number, value: number): void {
    this.current[register] = value;
  }

  get features(): number {
    return this.current[FEATURES];
  }

  get count(): number {
    return this.current[SECTOR_COUNT];
  }

  /** Sector Count of a 48-bit command. */
  get count48(): number {
    return this.current[SECTOR_COUNT] | (this.previous[SECTOR_COUNT] << 8);
  }

  get lba28(): number {
    return ((this.device & 0x0f) << 24) | this.lowBits(this.current);
  }

  get lba48(): number {
    return this.lowBits(this.previous) * 2 ** 24 + this.lowBits(this.current);
  }

  set lba48(lba: number) {
    this.setLowBits(this.current, lba % 2 ** 24);
    this.setLowBits(this.previous, Math.floor(lba / 2 ** 24));
  }

  set lba28(lba: number) {
    this.setLowBits(this.current, lba & 0xff_ffff);
    this.device = (this.device & 0xf0) | (lba >>> 24);
  }

  get cylinder(): number {
    return this.current[LBA_MID] | (this.current[LBA_HIGH] << 8);
  }

  /** Of a CHS command: the first is 1. */
  get sector(): number {
    return this.current[LBA_LOW];
  }

  get head(): number {
    return this.device & 0x0f;
  }

  setChs(cylinder: number, head: number, sector: number): void {
    this.setLowBits(this.current, (cylinder << 8) | sector);
    this.device = (this.device & 0xf0) | head;
  }

  /** Bytes of one burst of PACKET data. */
  get byteCount(): number {
    return this.cylinder;
  }

  set byteCount(bytes: number) {
    this.current[LBA_MID] = bytes;
    this.current[LBA_HIGH] = bytes >>> 8;
  }

  /** What tells the kind of device after a reset. @see ATA/ATAPI-7, "Signature and persistence" */
  setSignature(cylinder: number): void {
    this.current[SECTOR_COUNT] = 1;
    this.setLowBits(this.current, (cylinder << 8) | 1);
    this.previous.fill(0);
    this.device = 0;
  }

  private lowBits(bytes: Uint8Array): number {
    return bytes[LBA_LOW] | (bytes[LBA_MID] << 8) | (bytes[LBA_HIGH] << 16);
  }

  private setLowBits(bytes: Uint8Array, value: number): void {
    bytes[LBA_LOW] = value;
    bytes[LBA_MID] = value >>> 8;
    bytes[LBA_HIGH] = value >>> 16;
  }
}
