import {XS} from '../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../check.ts';
import {scripted} from '../checks/xenstore/scripted.ts';
import {
  answersInsteadOf,
  losesEvents,
  repliesWith,
  swallows,
  takesGuestsForDom0,
  understands,
} from '../mutants/xenstored.ts';
import {ALIVE, removesNothing} from './store-steps.ts';

/** Nodes that a guest has no right to, and paths and values that are hard to take. */
export const storeAccessAttacks: readonly Check[] = [
  check(
    'xenstored',
    'XSA-72',
    async (stand) => {
      for (let i = 0; i < 400; i++) await stand.ask('d0', XS.MKDIR, `/conform/child-number-${i}\0`);
      await stand.play('d0 DIRECTORY /conform -> E2BIG\nd0 READ /conform -> *');
    },
    {seeds: 1, mutants: [answersInsteadOf('E2BIG', 'OK')]},
  ),
  scripted(
    'XSA-115',
    `
    d1 WATCH / root              -> OK
    d1 WATCH /local local        -> OK
    d1 WATCH @introduceDomain i  -> OK
    d1 WATCH @releaseDomain r    -> OK
    d1: / root, /local local, @introduceDomain i, @releaseDomain r
    d2 WRITE secret v            -> OK
    d0 WRITE /conform/secret v   -> OK
    d0 RM /conform               -> OK
    release 2
    d1: none
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-322',
    `
    d0 WRITE /conform/secret v     -> OK
    d0 SET_PERMS /conform/secret n0 b1 -> OK
    d1 READ /conform/secret        -> v
    d1 WRITE mine v                -> OK
    release 1
    d0 READ /local/domain/1/mine   -> ENOENT
    d1 WATCH /conform/secret t     -> OK
    d1: /conform/secret t
    d1 READ /conform/secret        -> EACCES
    d1 WRITE /conform/secret w     -> EACCES
    d0 WRITE /conform/secret w     -> OK
    d1: none
    `,
    [swallows('forgets to release', XS.RELEASE), takesGuestsForDom0],
  ),
  check(
    'xenstored',
    'XSA-323',
    async (stand) => {
      const longest = 'q/'.repeat(900) + 'q';
      await stand.play(`
        d1 WRITE ${longest} v                -> OK
        d0 READ /local/domain/1/${longest}   -> v
        d0 RM /local/domain/1/${longest}     -> OK
        d0 RM /local/domain/1                -> OK
        d1 READ ${'p'.repeat(2049)}          -> EINVAL
        d1 READ /local/domain/1/${'p'.repeat(2049)} -> EINVAL
      `);
    },
    {
      seeds: 1,
      mutants: [
        answersInsteadOf('EINVAL', 'ENOENT'),
        repliesWith('does not find what is deep', (message) =>
          message.type === XS.READ ? {...message, type: XS.ERROR, payload: 'ENOENT\0'} : message,
        ),
      ],
    },
  ),
  scripted(
    'XSA-324',
    `
    d1 WATCH w ${'t'.repeat(4000)}        -> OK
    d1 WATCH w short                      -> OK
    d1: w ${'t'.repeat(4000)}, w short
    d1 WRITE w/${'x'.repeat(1500)} v      -> OK
    d1: w/${'x'.repeat(1500)} short
    ${ALIVE}
    `,
    [losesEvents],
  ),
  scripted(
    'XSA-352',
    `
    d1 WRITE x v                 -> OK
    d1 SET_PERMS x n0            -> EPERM
    d1 SET_PERMS x n2 b1         -> EPERM
    d2 MKDIR x                   -> OK
    d1 TRANSACTION_START ''      -> #t
    d1 #t SET_PERMS x n2         -> EPERM
    d1 #t TRANSACTION_END T      -> OK
    d1 GET_PERMS x               -> n1
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-353',
    `
    d1 READ /        -> EACCES
    d1 WRITE / v     -> EACCES
    d1 SET_PERMS / n1 -> EACCES or EPERM
    d1 MKDIR /       -> EACCES
    d1 RM /          -> EACCES or EINVAL
    d0 RM /          -> EINVAL
    d0 READ /tool    -> *
    `,
    [takesGuestsForDom0, answersInsteadOf('EINVAL', 'OK')],
  ),
  scripted(
    'XSA-417',
    `
    d0 WRITE /conform/for3 v          -> OK
    d0 SET_PERMS /conform/for3 n0 b3  -> OK
    introduce 3
    d3 READ /conform/for3             -> EACCES
    d3 WRITE /conform/for3 w          -> EACCES
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-418',
    `
    d0 WRITE /conform/${'a/'.repeat(900)}a v -> OK
    d0 READ /conform/${'a/'.repeat(900)}a    -> v
    d0 RM /conform/a                         -> OK
    d0 READ /conform/${'a/'.repeat(900)}a    -> ENOENT
    d0 DIRECTORY /conform                    -> ''
    `,
    [removesNothing],
  ),
  check(
    'xenstored',
    'XSA-474',
    async (stand) => {
      const value = String.fromCharCode(...Array.from({length: 256}, (_, i) => i));
      await stand.ask('d1', XS.WRITE, `data\0${value}`);
      const {message} = await stand.ask('d0', XS.READ, '/local/domain/1/data\0');
      stand.must(message.payload === value, 'another value is read', 'all 256 bytes, as they were written');
    },
    {
      seeds: 1,
      mutants: [
        understands('keeps 7 bits', (request) => ({
          ...request,
          payload: request.payload.replaceAll(/[\x80-\xff]/g, '?'),
        })),
      ],
    },
  ),
  scripted(
    'XSA-481',
    `
    d1 READ /local/             -> EINVAL
    d1 WRITE /local/domain/ v   -> EINVAL
    d1 MKDIR /local/domain/1/   -> EINVAL
    d1 RM /local//domain        -> EINVAL
    d1 WATCH /local/domain// t  -> EINVAL
    d1 SET_PERMS // n1          -> EINVAL
    d0 READ /local/domain/      -> EINVAL
    ${ALIVE}
    `,
    [
      understands('takes off a slash at the end', (request) => ({
        ...request,
        payload: request.payload.replace(/\/+\0/, '\0'),
      })),
    ],
  ),
];
