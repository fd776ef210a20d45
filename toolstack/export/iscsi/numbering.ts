/** Commands that a session may have under way. */
export const WINDOW = 64;

/** Serial-number arithmetic. @see RFC 1982 */
const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** The numbers of a session's commands and answers. */
export class Numbering {
  private expCmdSn: number;
  private statSn: number;
  private underWay = 0;
  private tag = 0;

  constructor(cmdSn: number, statSn: number) {
    this.expCmdSn = cmdSn;
    this.statSn = statSn;
  }

  /** Whether a command is the next one; others are passed over. An immediate one has no turn. */
  accept(cmdSn: number, immediate: boolean): boolean {
    const max = this.maxCmdSn;
    if (immediate) return !isBefore(cmdSn, this.expCmdSn) && !isBefore((max + 1) >>> 0, cmdSn);
    if (cmdSn !== this.expCmdSn || isBefore(max, cmdSn)) return false;
    this.expCmdSn = (this.expCmdSn + 1) >>> 0;
    return true;
  }

  begin(): void {
    this.underWay++;
  }

  end(): void {
    this.underWay--;
  }

  nextTag(): number {
    this.tag = this.tag === 0x7fff_ffff ? 1 : this.tag + 1;
    return this.tag;
  }

  /** StatSN, ExpCmdSN and MaxCmdSN, which stand at the same place in all answers; `counts`: it has a number of its own. */
  stamp(head: Buffer, counts: boolean): void {
    head.writeUInt32BE(this.statSn, 24);
    head.writeUInt32BE(this.expCmdSn, 28);
    head.writeUInt32BE(this.maxCmdSn, 32);
    if (counts) this.statSn = (this.statSn + 1) >>> 0;
  }

  private get maxCmdSn(): number {
    return (this.expCmdSn + WINDOW - 1 - this.underWay) >>> 0;
  }
}
