import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  changesReply,
  ignoresTransactions,
  repliesWith,
  takesGuestsForDom0,
  understands,
} from '../../mutants/xenstored.ts';
import {scripted} from './scripted.ts';

const PIPELINED = 20;
/** Requests of no daemon: events, errors, RESTRICT that was, and what may never be. */
const unknownTypes = [15, 16, 20, 99, 100, 255, 256, 65_535, 65_536, 70_000, 2 ** 31, 2 ** 32 - 1];

/** Requests with a string too few, too many, or not ended. */
const malformed: readonly [name: string, type: number, payload: string][] = [
  ['READ', XS.READ, '/conform'],
  ['READ', XS.READ, '/conform\0x\0'],
  ['DIRECTORY', XS.DIRECTORY, '/conform'],
  ['GET_PERMS', XS.GET_PERMS, ''],
  ['MKDIR', XS.MKDIR, '/conform/a'],
  ['RM', XS.RM, '/conform/a\0b\0'],
  ['WRITE', XS.WRITE, '/conform'],
  ['WATCH', XS.WATCH, '/conform\0'],
  ['UNWATCH', XS.UNWATCH, '/conform\0'],
  ['SET_PERMS', XS.SET_PERMS, '/conform\0'],
  ['DIRECTORY_PART', XS.DIRECTORY_PART, '/conform\0'],
  ['TRANSACTION_END', XS.TRANSACTION_END, 'T'],
  ['INTRODUCE', XS.INTRODUCE, '1\0'],
];

export const storeWireChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-WIRE-02',
    async (stand) => {
      const requests: [type: number, payload: string, error?: string][] = [
        [XS.MKDIR, '/conform\0'],
        [XS.READ, '/conform\0'],
        [XS.READ, '/conform/none\0', 'ENOENT'],
        [XS.READ, 'no//path\0', 'EINVAL'],
        [XS.DIRECTORY, '/conform\0'],
      ];
      for (const [type, payload, error] of requests) {
        const {message, ...reply} = await stand.ask('d0', type, payload);
        const due = error === undefined ? type : XS.ERROR;
        stand.must(message.type === due, `type ${message.type} for ${type} ${payload}`, `type ${due}`);
        stand.must(message.txId === 0, `tx_id ${message.txId}`, 'tx_id 0, as it was asked');
        stand.must(reply.error === error, `error ${reply.error}`, `error ${error}`);
        if (error !== undefined)
          stand.must(message.payload === `${error}\0`, JSON.stringify(message.payload), 'the name and a NUL');
      }
    },
    {
      mutants: [
        repliesWith('forgets the NUL of an error', (message) =>
          message.type === XS.ERROR ? {...message, payload: message.payload.replace('\0', '')} : message,
        ),
        repliesWith('answers with tx_id 1', (message) => ({...message, txId: 1})),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-WIRE-04',
    async (stand) => {
      for (const type of unknownTypes) {
        const {error} = await stand.ask('d0', type, '/\0');
        stand.must(error === 'ENOSYS', `type ${type} is answered with ${error ?? 'success'}`, 'ENOSYS');
      }
    },
    {
      mutants: [
        answersInsteadOf('ENOSYS', 'EINVAL'),
        understands('looks at the low byte of a type', (request) => ({...request, type: request.type & 0xff})),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-WIRE-05',
    async (stand) => {
      await stand.play('d0 MKDIR /conform -> OK');
      for (const [name, type, payload] of malformed) {
        const {error} = await stand.ask('d0', type, payload);
        const request = `${name} ${JSON.stringify(payload)}`;
        stand.must(error === 'EINVAL', `${request} is answered with ${error ?? 'success'}`, 'EINVAL');
      }
    },
    {
      mutants: [
        understands('adds the NUL that is missing', (request) =>
          request.payload.endsWith('\0') ? request : {...request, payload: `${request.payload}\0`},
        ),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-WIRE-06',
    async (stand) => {
      const every = String.fromCharCode(...Array.from({length: 256}, (_, i) => i));
      for (const value of ['', '\0', 'a\0b', '\0\0\0', every]) {
        await stand.ask('d0', XS.WRITE, `/conform\0${value}`);
        const {message} = await stand.ask('d0', XS.READ, '/conform\0');
        stand.must(message.payload === value, JSON.stringify(message.payload), JSON.stringify(value));
      }
    },
    {
      mutants: [
        understands('ends a value at its NUL', (request) => {
          const [path, value] = request.payload.split('\0');
          return request.type === XS.WRITE ? {...request, payload: `${path}\0${value}`} : request;
        }),
      ],
    },
  ),
  scripted(
    'XS-WIRE-07',
    `
    d0 WRITE /conform value -> OK
    d0 READ /conform        -> value
    d0 MKDIR /conform/empty -> OK
    d0 READ /conform/empty  -> ''
    `,
    [changesReply('adds a NUL to a value', XS.READ, (payload) => `${payload}\0`)],
  ),
  check(
    'xenstored',
    'XS-WIRE-09',
    async (stand) => {
      for (let i = 0; i < PIPELINED; i++) await stand.play(`d0 WRITE /conform/${i} value${i} -> OK`);
      const client = await stand.client('d1');
      await stand.play('d0 SET_PERMS /conform r0 -> OK');
      for (let i = 0; i < PIPELINED; i++) await stand.play(`d0 SET_PERMS /conform/${i} r0 -> OK`);
      const asked = Array.from({length: PIPELINED}, (_, i) => client.request(XS.READ, `/conform/${i}\0`));
      const replies = await stand.within(Promise.all(asked), `${PIPELINED} replies`);
      replies.forEach(({message: {payload}}, i) =>
        stand.must(payload === `value${i}`, `request ${i} is answered with ${payload}`, `value${i}`),
      );
    },
    {
      mutants: [
        repliesWith('answers the request before', (message) =>
          message.type === XS.READ ? {...message, reqId: Math.max(1, message.reqId - 1)} : message,
        ),
      ],
    },
  ),
  scripted(
    'XS-WIRE-10',
    `
    d0 #99 READ /               -> ENOENT
    d0 TRANSACTION_START ''     -> #ended
    d0 #ended TRANSACTION_END F -> OK
    d0 #ended READ /            -> ENOENT
    d0 #ended WRITE /conform v  -> ENOENT
    d0 READ /conform            -> ENOENT
    d1 TRANSACTION_START ''     -> #other
    d2 #other READ data         -> ENOENT
    d2 #other TRANSACTION_END F -> ENOENT
    `,
    [ignoresTransactions],
  ),
  scripted(
    'XS-WIRE-11',
    `
    d0 #77 WATCH /conform token   -> OK
    d0: /conform token
    d0 #77 UNWATCH /conform token -> OK
    `,
    [
      repliesWith('looks up the transaction of a WATCH', (message) =>
        message.txId === 0 ? message : {...message, type: XS.ERROR, payload: 'ENOENT\0'},
      ),
    ],
  ),
  scripted(
    'XS-WIRE-12',
    `
    d1 TRANSACTION_START ''     -> #one
    d2 TRANSACTION_START ''     -> #two
    d1 #one WRITE data 1        -> OK
    d2 #two WRITE data 2        -> OK
    d1 #one TRANSACTION_END F   -> OK
    d2 #two READ data           -> 2
    d2 #two TRANSACTION_END T   -> OK
    d0 READ /local/domain/2/data -> 2
    d0 READ /local/domain/1/data -> ENOENT
    `,
    [takesGuestsForDom0, ignoresTransactions],
  ),
  check(
    'xenstored',
    'XS-WIRE-13',
    async (stand) => {
      for (let i = 0; i < 60; i++) await stand.play(`d0 MKDIR /conform/${String(i).padStart(80, 'n')} -> OK`);
      await stand.play(`
        d0 DIRECTORY /conform -> E2BIG
        d0 READ /conform      -> ''
      `);
    },
    {seeds: 1, mutants: [answersInsteadOf('E2BIG', 'EINVAL')]},
  ),
  scripted(
    'XS-WIRE-14',
    `
    d1 CONTROL print x         -> EACCES
    d1 INTRODUCE 1 1 1         -> EACCES
    d1 RELEASE 1               -> EACCES
    d1 RESUME 1                -> EACCES
    d1 SET_TARGET 1 1          -> EACCES
    d1 IS_DOMAIN_INTRODUCED 1  -> EACCES
    d1 SET_FEATURE 1 0         -> EACCES or ENOSYS
    d1 SET_QUOTA nodes 5       -> EACCES or ENOSYS
    d0 IS_DOMAIN_INTRODUCED 1  -> T
    `,
    [takesGuestsForDom0, answersInsteadOf('EACCES', 'EPERM')],
  ),
];
