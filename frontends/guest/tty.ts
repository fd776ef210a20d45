import type {ConsoleDevice} from '../api.ts';
import {LineEditor, type LineResult} from './shell/line-editor.ts';

/** A console that tells when its output has been taken. */
export interface FlowConsole extends ConsoleDevice {
  /** Resolves when at most `mark` bytes of output wait. */
  room?(mark: number): Promise<void>;
}

/** Typed before anybody reads; more is thrown away with a bell, as a terminal does. */
const MAX_TYPE_AHEAD = 4096;
/** Output that may wait before a command that prints much has to. */
const ROOM_MARK = 4096;
const INTERRUPT_KEY = '\x03';
const BELL = '\x07';
const CLEAR_LINE = '\r\x1b[K';

interface Reader {
  editor: LineEditor;
  resolve: (result: LineResult) => void;
}

/** The terminal on the console: lines in, text out, ^C apart. */
export class Tty {
  /** Takes ^C while no line is read. Without it all keys wait alike, and silently: a program may read them itself. */
  onInterrupt: (() => void) | undefined;
  private readonly device: FlowConsole | undefined;
  private readonly decoder = new TextDecoder();
  private reader: Reader | undefined;
  private typeAhead: string[] = [];
  private lastKey = '';
  private closed = false;

  /** Without a device output is lost and nothing is ever typed. */
  constructor(device: FlowConsole | undefined) {
    this.device = device;
    device?.input.subscribe((bytes) => this.receive(bytes));
  }

  /** Prints text; "\n" goes out as CR LF, as with ONLCR of termios. */
  print(text: string): void {
    this.device?.write(text.replaceAll('\n', '\r\n'));
  }

  /** Bytes as they are. */
  write(bytes: Uint8Array): void {
    this.device?.write(bytes);
  }

  /** Prints whole lines around a line that is being typed. */
  notice(text: string): void {
    if (this.reader === undefined) this.print(text);
    else this.device?.write(`${CLEAR_LINE}${text.replaceAll('\n', '\r\n')}${this.reader.editor.redraw()}`);
  }

  /** Resolves when the console has taken most of the output. */
  room(mark = ROOM_MARK): Promise<void> {
    return this.device?.room?.(mark) ?? Promise.resolve();
  }

  /** Reads a line with editing. One reader at a time. */
  readLine(prompt: string, history: readonly string[] = []): Promise<LineResult> {
    if (this.reader !== undefined) return Promise.reject(new Error('the console is being read already'));
    if (this.closed) return new Promise(() => undefined);
    this.device?.write(prompt);
    return new Promise((resolve) => {
      this.reader = {editor: new LineEditor(prompt, history), resolve};
      const typed = this.typeAhead;
      this.typeAhead = [];
      this.take(typed);
    });
  }

  /** The line that is being read is not wanted any more: what was typed of it is lost. */
  stopReading(): void {
    if (this.reader !== undefined) this.device?.write(CLEAR_LINE);
    this.reader = undefined;
  }

  /** Nothing is read any more: the machine goes down. */
  hangUp(): void {
    this.stopReading();
    this.closed = true;
  }

  private receive(bytes: Uint8Array): void {
    this.take(Array.from(this.decoder.decode(bytes, {stream: true})));
  }

  private take(keys: readonly string[]): void {
    let echo = '';
    for (const key of keys) {
      // A terminal sends CR for Enter; what was pasted may have CR LF.
      if (!(key === '\n' && this.lastKey === '\r')) echo += this.takeKey(key);
      this.lastKey = key;
    }
    if (echo !== '') this.device?.write(echo);
  }

  private takeKey(key: string): string {
    if (this.closed) return '';
    if (this.reader === undefined) return this.takeAhead(key);
    const {editor, resolve} = this.reader;
    const {echo, result} = editor.feed(key);
    if (result !== undefined) {
      this.reader = undefined;
      resolve(result);
    }
    return echo;
  }

  private takeAhead(key: string): string {
    const {onInterrupt} = this;
    if (key === INTERRUPT_KEY && onInterrupt !== undefined) {
      this.typeAhead = [];
      onInterrupt();
      return '^C\r\n';
    }
    if (this.typeAhead.length < MAX_TYPE_AHEAD) this.typeAhead.push(key);
    else if (onInterrupt !== undefined) return BELL;
    return '';
  }
}
