import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {IoDevice} from '../bus/index.ts';

const IOADDR = 0;
const IODATA = 4;

/** The registers by two ports: one says which, the other is it. @see SDM, "I/O-Mapped Internal Register Access" */
export class IoWindow implements IoDevice {
  private readonly registers: IoDevice;
  private readonly registerBytes: number;
  private address = 0;

  constructor(registers: IoDevice, registerBytes: number) {
    this.registers = registers;
    this.registerBytes = registerBytes;
  }

  read(offset: number, size: IoSize): number {
    if (size !== 4) return 0;
    if (offset === IOADDR) return this.address;
    return offset === IODATA && this.isThere ? this.registers.read(this.address, size) : 0;
  }

  write(offset: number, size: IoSize, value: number): void {
    if (size !== 4) return;
    if (offset === IOADDR) this.address = value;
    else if (offset === IODATA && this.isThere) this.registers.write(this.address, size, value);
  }

  private get isThere(): boolean {
    return this.address % 4 === 0 && this.address < this.registerBytes;
  }
}
