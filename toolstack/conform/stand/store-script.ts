import {XS} from '../../../hypervisor/xenstore/index.ts';
import type {XenstoredStand} from './xenstored.ts';

/**
 * What clients ask and what is due, a line each:
 *
 *     d1 #t WRITE /path value -> OK          in transaction t; TRANSACTION_START -> #t begins it
 *     d1 READ /path -> ENOENT or EACCES      either reply
 *     d0: /path token, /other token          events of a client since it was last asked, all and in order
 *     d0: none
 *     release 1, introduce 1                 the domain goes, and comes again
 *
 * Strings end with NUL each, but for the value of WRITE; '' is an empty one, double quotes hold a payload in JSON.
 * `*` is any reply that is no error.
 */
export const playScript = async (stand: XenstoredStand, script: string): Promise<void> => {
  const transactions = new Map<string, number>();
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  for (const [, domid] of script.matchAll(/\bd([1-9])[a-z]?\b/g))
    if (!script.includes(`introduce ${domid}`)) await stand.client(`d${domid}`);
  for (const line of lines) {
    const [first, second] = line.split(' ');
    if (first === 'release') await stand.release(Number(second));
    else if (first === 'introduce') await stand.client(`d${second}`);
    else if (first.endsWith(':')) await expectEvents(stand, first.slice(0, -1), line.slice(first.length + 1));
    else await expectReply(stand, line, transactions);
  }
};

const expectEvents = async (stand: XenstoredStand, name: string, due: string): Promise<void> => {
  const events = await stand.eventsOf(name);
  const seen = events.length === 0 ? 'none' : events.join(', ');
  stand.must(seen === due, `${name} gets ${short(seen)}`, short(due));
};

const expectReply = async (stand: XenstoredStand, line: string, transactions: Map<string, number>): Promise<void> => {
  const [request, due = '*'] = line.split(' -> ').map((part) => part.trim());
  const [name, ...words] = request.split(' ');
  const tx = words[0].startsWith('#') ? words.shift()!.slice(1) : '0';
  const [op, ...args] = words;
  const type = XS[op as keyof typeof XS] ?? Number(op);
  const {message, error} = await stand.ask(name, type, payloadOf(op, args), transactions.get(tx) ?? Number(tx));
  const seen = error ?? showReply(type, message.payload);
  if (due.startsWith('#') && error === undefined) {
    transactions.set(due.slice(1), Number.parseInt(message.payload, 10));
    return;
  }
  const holds = due === '*' ? error === undefined : due.split(' or ').includes(seen);
  stand.must(holds, `"${short(request)}" is answered with ${short(seen)}`, short(due));
};

const payloadOf = (op: string, args: readonly string[]): string => {
  const text = args.join(' ');
  if (text.startsWith('"')) return JSON.parse(text) as string;
  const strings = args.map((arg) => (arg === "''" ? '' : arg));
  return op === 'WRITE' ? strings.join('\0') : strings.map((each) => `${each}\0`).join('');
};

const showReply = (type: number, payload: string): string => {
  const text = type === XS.READ ? payload : payload.replace(/\0$/, '');
  if (text === '') return "''";
  return text.replaceAll('\0', ' ');
};

const SHOWN = 120;
const short = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
