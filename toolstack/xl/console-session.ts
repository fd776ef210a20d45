import {CONNECTION_LOST, type DaemonClient} from '../daemon/client.ts';
import {ToolstackError} from '../errors.ts';
import type {ConsoleType} from '../host/api.ts';

/** ^], which ends the session. */
const DEFAULT_ESCAPE = 0x1d;

/** Code of an escape character: a character, or `^` and one for its control code. */
export const parseEscape = (text: string | undefined): number => {
  if (text === undefined) return DEFAULT_ESCAPE;
  const [, control, plain] = /^(?:\^([@-_a-z])|([\0-\x7f]))$/.exec(text) ?? [];
  if (control !== undefined) return control.charCodeAt(0) & 0x1f;
  if (plain !== undefined) return plain.charCodeAt(0);
  throw new ToolstackError('EINVAL', `xl: "${text}" is not an escape character`);
};

export interface ConsoleOptions {
  /** Code of the character that ends the session; ^] by default. */
  readonly escape?: number;
  /** When the input has ended, as of a pipe, a domain that is silent for so long ends the session; by default it does not. */
  readonly lingerMs?: number;
}

/** This process's terminal as a domain's console, until the domain is gone or the escape character is typed. */
export class ConsoleSession {
  /** Rejects when the host goes away first. */
  readonly ended: Promise<void>;
  readonly #client: DaemonClient;
  readonly #escape: number;
  readonly #lingerMs: number | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #stream = 0;
  #over = false;
  #settle: {resolve: () => void; reject: (error: Error) => void} | undefined;

  constructor(client: DaemonClient, {escape = DEFAULT_ESCAPE, lingerMs}: ConsoleOptions = {}) {
    this.#client = client;
    this.#escape = escape;
    this.#lingerMs = lingerMs;
    this.ended = new Promise((resolve, reject) => (this.#settle = {resolve, reject}));
    this.ended.catch(() => {});
  }

  /** Output from before, and from now on, goes to stdout. `type` is `serial` for an HVM guest's COM1. */
  async attach(domid: number, type: ConsoleType = 'pv'): Promise<void> {
    this.#client.on('console.output', ({data}) => this.#print(Buffer.from(data, 'base64')));
    this.#client.on('console.closed', () => this.#end());
    this.#client.onClose(() =>
      this.#end(new ToolstackError(CONNECTION_LOST, 'xl: the host has gone, and with it the console')),
    );
    const {stream} = await this.#client.call('console.attach', {domid, type});
    this.#stream = stream;
    this.#listen();
  }

  #listen(): void {
    const {stdin} = process;
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.on('data', (data: Buffer) => this.#type(data));
    stdin.on('end', () => this.#inputEnded());
    stdin.on('error', () => {});
  }

  #type(data: Buffer): void {
    const at = data.indexOf(this.#escape);
    const typed = at === -1 ? data : data.subarray(0, at);
    if (typed.length > 0) {
      this.#client.notify('console.input', {stream: this.#stream, data: typed.toString('base64')});
    }
    if (at !== -1) void this.#leave();
  }

  /** The answer says that all that was typed before has reached the domain. */
  async #leave(): Promise<void> {
    await this.#client.call('console.detach', {stream: this.#stream}).catch(() => {});
    this.#end();
  }

  #inputEnded(): void {
    if (this.#lingerMs !== undefined && !this.#over)
      this.#lingering = setTimeout(() => void this.#leave(), this.#lingerMs);
  }

  #print(data: Buffer): void {
    this.#lingering?.refresh();
    if (process.stdout.write(data)) return;
    this.#client.pause();
    process.stdout.once('drain', () => this.#client.resume());
  }

  #end(error?: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#lingering);
    const {stdin} = process;
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdin.removeAllListeners('data');
    if (error === undefined) this.#settle?.resolve();
    else this.#settle?.reject(error);
  }
}
