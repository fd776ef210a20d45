import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {IoSize} from '../../hypervisor/ioreq/index.ts';
import {missingProgram, realEnv} from './real.ts';

const WIDTHS = {1: 'b', 2: 'w', 4: 'l'} as const;
/**
 * A ROM that has the processor turn interrupts off and stand still. QEMU's own tests have an accelerator for that, which
 * Debian leaves out.
 */
const ROM_BYTES = 1 << 16;
const RESET_VECTOR = ROM_BYTES - 16;
const CLI_HLT_JMP = [0xfa, 0xf4, 0xeb, 0xfd];
/** No test takes as long: QEMU goes even when the test was killed. */
const LIFE_S = 300;

const PROGRAM = 'qemu-system-i386';
/** Debian 12's. */
const VERSION = '7.2';

/** Why QEMU's devices cannot be compared with: the program is not there. */
export const missingQtest = missingProgram(PROGRAM);

/** Why they are not to be: it is there, in a version whose differences nobody has looked at. */
export const otherQemu = (): string | undefined => {
  if (missingQtest !== undefined) return undefined;
  const version = execFileSync(PROGRAM, ['--version'], {encoding: 'utf8', env: realEnv});
  return version.includes(`version ${VERSION}.`) ? undefined : `${PROGRAM} is not version ${VERSION}`;
};

/**
 * A PC of QEMU's whose processor stands still: every access is made by this end of its qtest protocol, one at a time.
 * @see QEMU's tests/qtest and system/qtest.c, "QTest Protocol"
 */
export class Qtest {
  /** Interrupt lines that are high, once they are watched. */
  readonly lines = new Set<number>();
  private readonly child: ChildProcess;
  private readonly directory: string;
  private readonly input: number;
  private readonly output: number;
  private readonly chunk = Buffer.alloc(1 << 16);
  private text = '';

  /** `directory` takes its pipes. Throws what QEMU says when it does not start. */
  constructor(directory: string, args: readonly string[]) {
    this.directory = directory;
    execFileSync('mkfifo', [join(directory, 'in'), join(directory, 'out')]);
    const rom = join(directory, 'rom');
    writeFileSync(rom, Buffer.alloc(ROM_BYTES).fill(Buffer.from(CLI_HLT_JMP), RESET_VECTOR));
    const command = `exec timeout --foreground ${LIFE_S} ${PROGRAM} "$@" -qtest stdio <"$0/in" >"$0/out" 2>"$0/err"`;
    const common = ['-accel', 'tcg', '-bios', rom, '-m', '16', '-nodefaults'];
    const quiet = ['-display', 'none', '-qtest-log', '/dev/null'];
    this.child = spawn('sh', ['-c', command, directory, ...common, ...quiet, ...args], {env: realEnv, stdio: 'ignore'});
    // In the order in which the shell opens them, as each waits for the other.
    this.input = openSync(join(directory, 'in'), 'w');
    this.output = openSync(join(directory, 'out'), 'r');
    this.command('irq_intercept_in ioapic');
  }

  close(): void {
    this.child.kill();
    closeSync(this.input);
    closeSync(this.output);
  }

  readPort(port: number, size: IoSize): number {
    return Number(this.command(`in${WIDTHS[size]} ${port}`));
  }

  writePort(port: number, size: IoSize, value: number): void {
    this.command(`out${WIDTHS[size]} ${port} ${value}`);
  }

  readMemory(address: number, size: IoSize): number {
    return Number(this.command(`read${WIDTHS[size]} ${address}`));
  }

  writeMemory(address: number, size: IoSize, value: number): void {
    this.command(`write${WIDTHS[size]} ${address} ${value}`);
  }

  readBytes(address: number, length: number): Uint8Array {
    return Buffer.from(this.command(`read ${address} ${length}`).slice(2), 'hex');
  }

  writeBytes(address: number, bytes: Uint8Array): void {
    this.command(`write ${address} ${bytes.length} 0x${Buffer.from(bytes).toString('hex')}`);
  }

  private command(line: string): string {
    try {
      writeSync(this.input, `${line}\n`);
    } catch {
      throw this.failure();
    }
    for (;;) {
      const [kind, ...rest] = this.readLine().split(' ');
      if (kind === 'OK') return rest[0];
      if (kind !== 'IRQ') throw new Error(`${line}: ${kind} ${rest.join(' ')}`);
      const pin = Number(rest[1]);
      if (rest[0] === 'raise') this.lines.add(pin);
      else this.lines.delete(pin);
    }
  }

  private readLine(): string {
    for (;;) {
      const end = this.text.indexOf('\n');
      if (end >= 0) {
        const line = this.text.slice(0, end);
        this.text = this.text.slice(end + 1);
        return line;
      }
      const length = readSync(this.output, this.chunk);
      if (length === 0) throw this.failure();
      this.text += this.chunk.toString('latin1', 0, length);
    }
  }

  private failure(): Error {
    return new Error(`QEMU has gone: ${readFileSync(join(this.directory, 'err'), 'utf8')}`);
  }
}
