import type {ExecutionContext} from 'ava';
import {REQUESTS} from '../../hypervisor/xenstore/requests.ts';
import {
  XS,
  Xenstored,
  type InProcessConnection,
  type XenstoredOptions,
  type XsMessage,
} from '../../hypervisor/xenstore/index.ts';

/**
 * Plays a transcript against a store and compares what happens with what it says. A line is
 *
 *     dom1 #2 WRITE /path value  -> OK
 *       dom0: /path token
 *
 * that is: who asks, in which transaction, what, and the reply; below it the events that follow from it. An event that the
 * asker got before its reply ends with `(first)`. Strings are separated by spaces and end with NUL each; `''` is an empty
 * one; in double quotes stands a raw payload in JSON. What is behind `--` is a remark.
 *
 * Connections are called dom<id>, or dom<id><letter> for more than one. Other lines act as the host:
 * `host introduce 1`, `host shutdown 1`, `host gone 1`.
 */
export class Transcript {
  readonly store: Xenstored;
  readonly domains = new Set([0, 1, 2, 3]);
  /** What the store wrote to its log. */
  readonly logged: string[] = [];
  private readonly connections = new Map<string, InProcessConnection>();
  private readonly tasks: (() => void)[] = [];
  private readonly lines: string[] = [];
  private reply: XsMessage | undefined;
  private events: string[] = [];
  private asker = '';

  constructor(options: XenstoredOptions = {}) {
    this.store = new Xenstored({
      domainExists: (domid) => this.domains.has(domid),
      introduceHook: (domid) => (this.domains.has(domid) ? undefined : 'ENOENT'),
      log: (line) => void this.logged.push(line),
      defer: (task) => void this.tasks.push(task),
      ...options,
    });
  }

  play(t: ExecutionContext, text: string): void {
    const expected = text
      .split('\n')
      .map(normalize)
      .filter((line) => line !== '');
    this.lines.length = 0;
    for (const line of expected) if (!isEvent(line)) this.step(line);
    t.deepEqual(this.lines, expected);
  }

  /** Sends one request; the reply as the transcript shows it. */
  ask(who: string, type: number, payload: string, txId = 0): string {
    this.asker = who;
    this.reply = undefined;
    this.events = [];
    this.connection(who).send({type, reqId: 7, txId, payload});
    this.settle();
    return this.reply === undefined ? 'no reply' : showReply(this.reply);
  }

  settle(): void {
    while (this.tasks.length > 0) this.tasks.shift()!();
  }

  private step(line: string): void {
    const [head] = line.split(' -> ');
    const [who, ...words] = head.split(' ');
    if (who === 'host') this.actAsHost(words);
    const reply = who === 'host' ? '' : ` -> ${this.askInWords(who, words)}`;
    this.lines.push(`${head}${reply}`, ...this.events);
  }

  private askInWords(who: string, words: string[]): string {
    const txId = words[0].startsWith('#') ? Number(words[0].slice(1)) : 0;
    const [name, ...args] = txId === 0 ? words : words.slice(1);
    return this.ask(who, typeOf(name), payloadOf(name, args.join(' ')), txId);
  }

  private actAsHost([action, domid]: string[]): void {
    const id = Number(domid);
    this.events = [];
    this.asker = '';
    if (action === 'introduce') this.store.introduce(id);
    else if (action === 'shutdown') this.store.domainShutdown(id);
    else {
      this.domains.delete(id);
      this.store.domainGone(id);
      this.connections.delete(`dom${id}`);
    }
    this.settle();
  }

  private connection(who: string): InProcessConnection {
    const known = this.connections.get(who);
    if (known !== undefined) return known;
    const connection = this.store.connectInProcess(Number.parseInt(who.slice(3), 10));
    connection.receive({onMessage: (message) => this.take(who, message), onClose: () => this.connections.delete(who)});
    this.connections.set(who, connection);
    return connection;
  }

  private take(who: string, message: XsMessage): void {
    if (message.type !== XS.WATCH_EVENT) {
      this.reply = message;
      return;
    }
    const first = who === this.asker && this.reply === undefined ? ' (first)' : '';
    this.events.push(`${who}: ${showStrings(message.payload)}${first}`);
  }
}

const normalize = (line: string): string => line.replace(/--.*/, '').replaceAll(/\s+/g, ' ').trim();
const isEvent = (line: string): boolean => /^\w+:/.test(line);

function typeOf(name: string): number {
  const type = REQUESTS.findIndex((request) => request?.name === name);
  return type >= 0 ? type : Number(name);
}

function payloadOf(name: string, args: string): string {
  if (args.startsWith('"')) return JSON.parse(args) as string;
  const strings = args === '' ? [] : args.split(' ').map((arg) => (arg === "''" ? '' : arg));
  // The value of a WRITE has no NUL behind it.
  return name === 'WRITE' ? strings.join('\0') : strings.map((arg) => `${arg}\0`).join('');
}

const showStrings = (payload: string): string =>
  payload
    .replace(/\0$/, '')
    .split('\0')
    .map((text) => text || "''")
    .join(' ');

const showReply = ({type, payload}: XsMessage): string =>
  type === XS.DIRECTORY_PART ? showStrings(payload.replace(/^\d+/, 'generation')) : showStrings(payload);
