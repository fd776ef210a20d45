import type {Socket} from 'node:net';
import {filter, type Subscription} from 'rxjs';
import {ErrorCodes, type MessageConnection, ResponseError} from 'vscode-jsonrpc/node';
import type {DomId} from '../../hypervisor/index.ts';
import {ToolstackError} from '../errors.ts';
import type {ConsoleType} from '../host/api.ts';
import {eventLines} from '../host/event-lines.ts';
import {CaptureStream} from './capture-stream.ts';
import {checkNotification, checkRequest, isMethod} from './checks.ts';
import {ConsoleStream} from './console-stream.ts';
import {describeError, type Log} from './log.ts';
import type {MethodTable, Session} from './methods.ts';
import {type ClientNotifications, type ErrorData, type ServerNotifications, TOOLSTACK_ERROR} from './protocol.ts';
import type {ServedHost} from './served-host.ts';
import {connectionOver} from './transport.ts';
import {packageVersion} from './version.ts';

/** Unanswered requests, consoles and captures of one connection, of each. */
const PER_CONNECTION_MAX = 1024;
const FAREWELL_MS = 1000;

/** One client: its requests, which must begin with hello, and its consoles. */
export class ServerConnection implements Session {
  readonly #socket: Socket;
  readonly #host: ServedHost;
  readonly #methods: MethodTable;
  readonly #log: Log;
  readonly #rpc: MessageConnection;
  readonly #consoles = new Map<number, {domid: DomId; type: ConsoleType; stream: ConsoleStream}>();
  readonly #captures = new Map<number, CaptureStream>();
  readonly #kept: {close(): void}[] = [];
  #events: Subscription | undefined;
  #nextStream = 1;
  #running = 0;
  #greeted = false;

  constructor(socket: Socket, host: ServedHost, methods: MethodTable, log: Log) {
    this.#socket = socket;
    this.#host = host;
    this.#methods = methods;
    this.#log = log;
    this.#rpc = connectionOver(socket);
    this.#rpc.onRequest((method, params) => this.#request(method, params));
    this.#rpc.onNotification('console.input', (params) => this.#input(params as ClientNotifications['console.input']));
    this.#rpc.listen();
    socket.once('close', () => {
      this.#closeStreams();
      for (const resource of this.#kept) resource.close();
    });
  }

  /** Says farewell, and so waits until the answers before it have gone out. */
  async end(): Promise<void> {
    // A client that never reads must not hold up the end.
    setTimeout(() => this.#socket.destroy(), FAREWELL_MS).unref();
    await this.#notify('host.stopped', {}).catch(() => {});
    this.#socket.end();
  }

  attachConsole(domid: DomId, type: ConsoleType): number {
    if (this.#consoles.size >= PER_CONNECTION_MAX) throw new ToolstackError('EMFILE', 'too many consoles');
    if (this.#host.nameOf(domid) === undefined) throw new ToolstackError('ESRCH', `no domain ${domid}`);
    const id = this.#nextStream++;
    // The answer, which names the stream, goes out before its first output.
    const answered = new Promise<void>((resolve) => void setImmediate(resolve));
    const stream = new ConsoleStream({
      output: this.#host.consoleOutput(domid, {scrollback: true, type}),
      gone: this.#host.domainEvents.pipe(filter((event) => event.domid === domid && event.type === 'destroyed')),
      send: async (data) => {
        await answered;
        await this.#notify('console.output', {stream: id, data});
      },
      closed: () => {
        this.#consoles.delete(id);
        void this.#notify('console.closed', {stream: id}).catch(() => {});
      },
    });
    this.#consoles.set(id, {domid, type, stream});
    return id;
  }

  detachConsole(id: number): void {
    this.#consoles.get(id)?.stream.close();
    this.#consoles.delete(id);
  }

  startCapture(domid: DomId, which: string | null, count: number): number {
    if (this.#captures.size >= PER_CONNECTION_MAX) throw new ToolstackError('EMFILE', 'too many captures');
    const vifs = this.#host.vifs.captured(domid, which ?? undefined);
    const id = this.#nextStream++;
    const answered = new Promise<void>((resolve) => void setImmediate(resolve));
    const stream = new CaptureStream({
      vifs,
      count,
      clock: this.#host.clock,
      application: `pvsim ${packageVersion()}`,
      send: async (data) => {
        await answered;
        await this.#notify('capture.output', {stream: id, data});
      },
      closed: (totals) => {
        this.#captures.delete(id);
        void this.#notify('capture.closed', {stream: id, ...totals}).catch(() => {});
      },
    });
    this.#captures.set(id, stream);
    return id;
  }

  stopCapture(id: number): void {
    this.#captures.get(id)?.stop();
  }

  keep(resource: {close(): void}): void {
    if (this.#socket.destroyed) resource.close();
    else this.#kept.push(resource);
  }

  followEvents(level: number): void {
    this.#events?.unsubscribe();
    this.#events = eventLines(this.#host, level).subscribe((line) => {
      this.#notify('host.event', {line}).catch(() => this.#events?.unsubscribe());
    });
  }

  #closeStreams(): void {
    this.#events?.unsubscribe();
    for (const id of this.#consoles.keys()) this.detachConsole(id);
    for (const stream of this.#captures.values()) stream.close();
  }

  #notify<N extends keyof ServerNotifications>(name: N, params: ServerNotifications[N]): Promise<void> {
    return this.#rpc.sendNotification(name, params);
  }

  #input(params: ClientNotifications['console.input']): void {
    if (checkNotification('console.input', params) !== undefined) return;
    const console = this.#consoles.get(params.stream);
    if (console === undefined) return;
    try {
      this.#host.consoleInput(console.domid, Buffer.from(params.data, 'base64'), console.type);
    } catch (error) {
      this.#logError('console.input', error);
    }
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    if (!isMethod(method))
      return new ResponseError(ErrorCodes.MethodNotFound, `unknown method "${method.slice(0, 64)}"`);
    if (!this.#greeted && method !== 'hello')
      return new ResponseError(ErrorCodes.InvalidRequest, 'hello must come first');
    const wrong = checkRequest(method, params);
    if (wrong !== undefined) return new ResponseError(ErrorCodes.InvalidParams, `${method}: ${wrong}`);
    if (this.#running >= PER_CONNECTION_MAX) return new ResponseError(ErrorCodes.InvalidRequest, 'too many requests');
    this.#running++;
    try {
      const handler = this.#methods[method] as (params: unknown, session: Session) => unknown;
      const result = await handler(params, this);
      this.#greeted = true;
      return result;
    } catch (error) {
      return this.#failure(method, error);
    } finally {
      this.#running--;
    }
  }

  #failure(method: string, error: unknown): ResponseError<ErrorData | void> {
    if (error instanceof ToolstackError) {
      return new ResponseError(TOOLSTACK_ERROR, error.message, {code: error.code, exitStatus: error.exitStatus});
    }
    this.#logError(method, error);
    return new ResponseError(ErrorCodes.InternalError, error instanceof Error ? error.message : String(error));
  }

  #logError(what: string, error: unknown): void {
    this.#log(`${what}: ${describeError(error)}`);
  }
}
