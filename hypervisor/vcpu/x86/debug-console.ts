import type {PortHandler} from './ports.ts';

/** What is written there byte by byte appears on the hypervisor's console. @see Xen, "HVM debug console" */
export const DEBUG_CONSOLE_PORT = 0xe9;

/** A longer line is broken. */
const MAX_LINE = 80;
const LINE_FEED = 0x0a;
const isPrintable = (code: number): boolean => code >= 0x20 && code < 0x7f;

/** Collects a guest's characters to lines; anything but text is left out. */
export class DebugConsole implements PortHandler {
  private readonly print: (line: string) => void;
  private line = '';

  constructor(print: (line: string) => void) {
    this.print = print;
  }

  write(value: number): void {
    const code = value & 0xff;
    if (isPrintable(code)) this.line += String.fromCharCode(code);
    if (code !== LINE_FEED && this.line.length < MAX_LINE) return;
    this.print(this.line);
    this.line = '';
  }
}
