import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';

const DATA = 0x60;
const STATUS = 0x64;
const COMMAND = 0x64;
const NOBODY = 0xff;
/** Times that the status is read before somebody is taken for dead. */
const PATIENCE = 1000;
/** Bytes that may be left from before. */
const STALE_BYTES = 64;

const STATUS_OUTPUT_FULL = 0x01;
const STATUS_INPUT_FULL = 0x02;
const STATUS_FROM_MOUSE = 0x20;

const ACK = 0xfa;

export const WRITE_CONTROL = 0x60;
export const MOUSE_OFF = 0xa7;
export const TEST_MOUSE_INTERFACE = 0xa9;
export const SELF_TEST = 0xaa;
export const TEST_KEYBOARD_INTERFACE = 0xab;
export const KEYBOARD_OFF = 0xad;
const WRITE_TO_MOUSE = 0xd4;

/** Whose byte it is. */
export type Ps2Source = 'keyboard' | 'mouse';

/** The two ports of the keyboard controller, as a driver waits at them. */
export class Ps2Controller {
  private readonly io: TrappedIo;

  constructor(io: TrappedIo) {
    this.io = io;
  }

  get isThere(): boolean {
    return this.io.readPort(STATUS, 1) !== NOBODY;
  }

  /** Throws away what waits. */
  flush(): void {
    for (let bytes = 0; bytes < STALE_BYTES && this.take() !== undefined; bytes++);
  }

  /** What has come, without waiting. */
  take(): {source: Ps2Source; byte: number} | undefined {
    const status = this.io.readPort(STATUS, 1);
    if ((status & STATUS_OUTPUT_FULL) === 0) return undefined;
    const byte = this.io.readPort(DATA, 1);
    return {source: (status & STATUS_FROM_MOUSE) === 0 ? 'keyboard' : 'mouse', byte};
  }

  command(command: number, parameter?: number): void {
    this.awaitRoom();
    this.io.writePort(COMMAND, 1, command);
    if (parameter !== undefined) this.send(parameter);
  }

  /** The answer to a command; undefined: none came. */
  ask(command: number): number | undefined {
    this.command(command);
    return this.receive();
  }

  /** Sends bytes to a device. False: it does not take one of them. */
  tell(device: Ps2Source, ...bytes: number[]): boolean {
    return bytes.every((byte) => {
      if (device === 'mouse') this.command(WRITE_TO_MOUSE, byte);
      else this.send(byte);
      return this.receive() === ACK;
    });
  }

  /** Sends a byte to the keyboard, which acknowledges it some time. */
  send(byte: number): void {
    this.awaitRoom();
    this.io.writePort(DATA, 1, byte);
  }

  receive(): number | undefined {
    for (let reads = 0; reads < PATIENCE; reads++) {
      const taken = this.take();
      if (taken !== undefined) return taken.byte;
    }
    return undefined;
  }

  private awaitRoom(): void {
    for (let reads = 0; reads < PATIENCE; reads++) {
      if ((this.io.readPort(STATUS, 1) & STATUS_INPUT_FULL) === 0) return;
    }
  }
}
