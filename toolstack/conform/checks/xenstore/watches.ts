import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  doublesEvents,
  losesEvents,
  losesEventsOf,
  repliesWith,
  swallows,
  takesGuestsForDom0,
  understands,
} from '../../mutants/xenstored.ts';
import {scripted} from './scripted.ts';

const MERGED = 50;

const tellsOfTransactions = understands('writes of a transaction are done at once', (request) =>
  request.type === XS.WRITE || request.type === XS.SET_PERMS ? {...request, txId: 0} : request,
);

export const storeWatchChecks: readonly Check[] = [
  scripted(
    'XS-WATCH-01',
    `
    d0 MKDIR /conform             -> OK
    d0 WATCH /conform there       -> OK
    d0: /conform there
    d0 WATCH /conform/none absent -> OK
    d0: /conform/none absent
    d0 WATCH @releaseDomain s     -> OK
    d0: @releaseDomain s
    `,
    [losesEvents, doublesEvents],
  ),
  check(
    'xenstored',
    'XS-WATCH-02',
    async (stand) => {
      const client = await stand.client('d0');
      await stand.play(`
        d0 WATCH /conform t -> OK
        d0: /conform t
      `);
      stand.must(client.events.length === 0, 'a second event', 'one event, before the reply or after it');
    },
    {seeds: 1, mutants: [losesEvents, doublesEvents]},
  ),
  scripted(
    'XS-WATCH-03',
    `
    d0 MKDIR /conform               -> OK
    d0 WATCH /conform/node t        -> OK
    d0: /conform/node t
    d0 WRITE /conform/node v        -> OK
    d0: /conform/node t
    d0 WRITE /conform/node v        -> OK
    d0: /conform/node t
    d0 WRITE /conform/node/a/b v    -> OK
    d0: /conform/node/a/b t
    d0 MKDIR /conform/node/c        -> OK
    d0: /conform/node/c t
    d0 SET_PERMS /conform/node/a r0 -> OK
    d0: /conform/node/a t
    d0 RM /conform/node/c           -> OK
    d0: /conform/node/c t
    d0 RM /conform/node             -> OK
    d0: /conform/node t
    d0 WRITE /conform/node2 v       -> OK
    d0 WRITE /conform v             -> OK
    d0: none
    `,
    [
      losesEventsOf('what lies two levels down', /\/a\/b\0/),
      swallows('keeps quiet about permissions', XS.SET_PERMS),
      doublesEvents,
    ],
  ),
  check(
    'xenstored',
    'XS-WATCH-04',
    async (stand) => {
      const client = await stand.client('d0');
      await stand.play('d0 WATCH /conform token -> OK\nd0 GET_DOMAIN_PATH 0 -> *');
      const event = client.events[0]?.message;
      if (event === undefined) return stand.must(false, 'no event', 'an event');
      const {type, reqId, txId, payload} = event;
      const header = `type ${type}, req_id ${reqId}, tx_id ${txId}`;
      stand.must(type === 15 && reqId === 0 && txId === 0, header, 'type 15, req_id and tx_id 0');
      stand.must(payload === '/conform\0token\0', JSON.stringify(payload), 'path and token, a NUL behind each');
    },
    {
      seeds: 1,
      mutants: [
        repliesWith('numbers events', (message) => (message.type === 15 ? {...message, reqId: 7} : message)),
        repliesWith('forgets the NUL of a token', (message) =>
          message.type === 15 ? {...message, payload: message.payload.slice(0, -1)} : message,
        ),
      ],
    },
  ),
  scripted(
    'XS-WATCH-05',
    `
    d0 WATCH /conform one    -> OK
    d0 WATCH /conform one    -> EEXIST
    d0 WATCH /conform two    -> OK
    d0: /conform one, /conform two
    d0 UNWATCH /conform none -> ENOENT
    d0 UNWATCH /none one     -> ENOENT
    d0 UNWATCH /conform one  -> OK
    d0 UNWATCH /conform one  -> ENOENT
    d0 WRITE /conform v      -> OK
    d0: /conform two
    `,
    [answersInsteadOf('EEXIST', 'OK'), answersInsteadOf('ENOENT', 'EINVAL'), swallows('keeps watches', XS.UNWATCH)],
  ),
  scripted(
    'XS-WATCH-06',
    `
    d0 WRITE /conform/a/b/c v -> OK
    d0 WATCH /conform/a/b/c t -> OK
    d0: /conform/a/b/c t
    d0 RM /conform/a          -> OK
    d0: /conform/a/b/c t
    `,
    [
      losesEvents,
      repliesWith('tells of what was removed, not of what is watched', (message) =>
        message.type === 15 ? {...message, payload: '/conform/a\0t\0'} : message,
      ),
    ],
  ),
  scripted(
    'XS-WATCH-07',
    `
    d0 MKDIR /conform           -> OK
    d0b WATCH /conform t        -> OK
    d0b: /conform t
    d0 TRANSACTION_START ''     -> #t
    d0 #t WRITE /conform/a 1    -> OK
    d0 #t WRITE /conform/a 2    -> OK
    d0 #t SET_PERMS /conform/a r0 -> OK
    d0b: none
    d0 #t TRANSACTION_END T     -> OK
    d0b: /conform/a t
    d0 TRANSACTION_START ''     -> #u
    d0 #u WRITE /conform/b 1    -> OK
    d0 #u TRANSACTION_END F     -> OK
    d0b: none
    `,
    [tellsOfTransactions, losesEvents, doublesEvents],
  ),
  scripted(
    'XS-WATCH-08',
    `
    d0 WRITE /conform/secret v      -> OK
    d0 SET_PERMS /conform n0        -> OK
    d0 SET_PERMS /conform/secret n0 -> OK
    d1 WATCH /conform t             -> OK
    d1: /conform t
    d0 WRITE /conform/secret w      -> OK
    d0 WRITE /conform/secret/below w -> OK
    d0 RM /conform/secret           -> OK
    d1: none
    d0 WRITE /conform/open v        -> OK
    d0 SET_PERMS /conform/open n0 r1 -> OK
    d1: /conform/open t
    d0 WRITE /conform/open w        -> OK
    d1: /conform/open t
    d0 SET_PERMS /conform/open n0   -> OK
    d1: /conform/open t
    d0 WRITE /conform/open x        -> OK
    d1: none
    `,
    [takesGuestsForDom0, losesEvents],
  ),
  check(
    'xenstored',
    'XS-WATCH-09',
    async (stand) => {
      await stand.play(`
        d1 WATCH @releaseDomain t  -> OK
        d1: @releaseDomain t
        d0 WATCH @introduceDomain i -> OK
        d0 WATCH @releaseDomain r   -> OK
        d0: @introduceDomain i, @releaseDomain r
      `);
      // A store that has learned more names the domain behind the name of the watch.
      const named = async (what: string): Promise<void> => {
        const events = await stand.eventsOf('d0');
        const seen = events.map((event) => event.replace(/^(@\w+)(\/\d+)? /, '$1 ')).join(', ');
        stand.must(seen === what, `events: ${seen || 'none'}`, what);
      };
      await stand.introduce(2);
      await named('@introduceDomain i');
      await stand.play('d0 INTRODUCE 2 1 2 -> OK\nd0: none');
      await stand.release(2);
      await named('@releaseDomain r');
      await stand.play('d1: none');
    },
    {seeds: 1, mutants: [losesEvents, doublesEvents, takesGuestsForDom0]},
  ),
  check(
    'xenstored',
    'XS-WATCH-10',
    async (stand) => {
      stand.profile = 'current';
      const {error} = await stand.ask('d0', XS.GET_FEATURE, '');
      if (error !== undefined) stand.inconclusive('the store has no features');
      await stand.play(`
        d0 WATCH /conform none 0   -> OK
        d0 WATCH /conform one 1    -> OK
        d0 WATCH /conform less -1  -> EINVAL
        d0: /conform none, /conform one
        d0 WRITE /conform v        -> OK
        d0: /conform none, /conform one
        d0 WRITE /conform/a v      -> OK
        d0: /conform/a one
        d0 WRITE /conform/a/b v    -> OK
        d0: none
      `);
    },
    {seeds: 1, mutants: [answersInsteadOf('EINVAL', 'OK'), losesEvents]},
  ),
  check(
    'xenstored',
    'XS-WATCH-11',
    async (stand) => {
      await stand.play(`
        d1 WATCH data t -> OK
        d1: data t
      `);
      for (let i = 0; i < MERGED; i++) await stand.play(`d0 WRITE /local/domain/1/data ${i} -> OK`);
      const events = await stand.eventsOf('d1');
      const isRight = events.length > 0 && events.length <= MERGED && events.every((event) => event === 'data t');
      stand.must(isRight, `${events.length} events`, `1 to ${MERGED}`);
      await stand.play(`d1 READ data -> ${MERGED - 1}`);
    },
    {seeds: 1, mutants: [losesEvents, doublesEvents]},
  ),
  check(
    'xenstored',
    'XS-WATCH-12',
    async (stand) => {
      const token = 't'.repeat(3000);
      await stand.play(`
        d0 MKDIR /conform       -> OK
        d0 WATCH /conform ${token} -> OK
        d0 WATCH /conform short -> OK
        d0: /conform ${token}, /conform short
        d0 WRITE /conform/${'x'.repeat(1500)} v -> OK
        d0: /conform/${'x'.repeat(1500)} short
        d0 WRITE /conform/y v   -> OK
        d0: /conform/y ${token}, /conform/y short
      `);
    },
    {
      seeds: 1,
      mutants: [
        losesEvents,
        repliesWith('cuts the token of an event', (message) =>
          message.type === 15 ? {...message, payload: `${message.payload.slice(0, 2000)}\0`} : message,
        ),
      ],
    },
  ),
  scripted(
    'XS-WATCH-13',
    `
    d1 WATCH data t            -> OK
    d1 WATCH data u            -> OK
    d1: data t, data u
    d1 TRANSACTION_START ''    -> #t
    d1 #t WRITE inside v       -> OK
    d1 RESET_WATCHES ''        -> OK
    d1 WRITE data v            -> OK
    d1: none
    d1 #t READ inside          -> ENOENT
    d1 UNWATCH data t          -> ENOENT
    d1 READ inside             -> ENOENT
    d1 WATCH data t            -> OK
    `,
    [swallows('forgets to reset', XS.RESET_WATCHES), answersInsteadOf('ENOENT', 'OK')],
  ),
  scripted(
    'XS-WATCH-15',
    `
    d0 WRITE /conform/node v -> OK
    d0 WATCH /conform/node t -> OK
    d0: /conform/node t
    d0 RM /conform/node      -> OK
    d0: /conform/node t
    d0 WRITE /conform/node v -> OK
    d0: /conform/node t
    d0 RM /conform           -> OK
    d0: /conform/node t
    d0 WRITE /conform/node v -> OK
    d0: /conform/node t
    `,
    [
      {
        name: 'forgets a watch when its node is removed',
        layer: () => {
          let isRemoved = false;
          return {
            send: (request, pass) => {
              isRemoved ||= request.type === XS.RM && request.payload === '/conform\0';
              pass(request);
            },
            receive: (message, pass) => {
              if (!isRemoved || message.type !== XS.WATCH_EVENT) pass(message);
            },
          };
        },
      },
    ],
  ),
];
