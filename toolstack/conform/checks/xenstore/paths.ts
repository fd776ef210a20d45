import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  changesReply,
  swallows,
  takesGuestsForDom0,
  tiresOf,
  understands,
} from '../../mutants/xenstored.ts';
import {scripted} from './scripted.ts';

const LONGEST_RELATIVE = 2048;
const LONGEST_ABSOLUTE = 3072;

const cutsPaths = understands('cuts a path that is too long', (request) => {
  const [path, ...rest] = request.payload.split('\0');
  return {...request, payload: [path.slice(0, 1000), ...rest].join('\0')};
});

const resolvesNothing = understands('takes a relative path for one from the root', (request) =>
  request.type === XS.TRANSACTION_START || request.payload.startsWith('/') || request.payload.startsWith('@')
    ? request
    : {...request, payload: `/conform/${request.payload}`},
);

const normalizes = understands('mends a path', (request) => {
  const [path, ...rest] = request.payload.split('\0');
  const mended = path.replaceAll(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return {...request, payload: [mended === '' ? '/' : mended, ...rest].join('\0')};
});

/** Requests with a path, and what stands behind it. */
const withPath: readonly [type: number, rest: string][] = [
  [XS.READ, ''],
  [XS.DIRECTORY, ''],
  [XS.GET_PERMS, ''],
  [XS.MKDIR, ''],
  [XS.RM, ''],
  [XS.WRITE, 'v'],
  [XS.SET_PERMS, 'n0\0'],
  [XS.WATCH, 't\0'],
  [XS.DIRECTORY_PART, '0\0'],
];

const badPaths = ['', '//', '/local/', '/local/domain/', '/local//domain', '//local', '/local/domain//', 'a/', 'a//b'];

export const storePathChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-PATH-01',
    async (stand) => {
      for (let code = 1; code < 256; code++) {
        const character = String.fromCharCode(code);
        // A slash alone at the end is another clause's.
        const isAllowed = /[\w/@-]/.test(character) && code < 128;
        const {error} = await stand.ask('d0', XS.READ, `/conform/a${character}b\0`);
        const due = isAllowed ? 'ENOENT' : 'EINVAL';
        stand.must(error === due, `byte ${code} in a path: ${error ?? 'success'}`, due);
      }
    },
    {
      seeds: 1,
      mutants: [
        understands('takes a space for an underscore', (request) => ({
          ...request,
          payload: request.payload.replaceAll(' ', '_'),
        })),
        understands('refuses @ in paths', (request) => ({...request, payload: request.payload.replaceAll('@', ' ')})),
      ],
    },
  ),
  check(
    'xenstored',
    'XS-PATH-02',
    async (stand) => {
      for (const path of badPaths) {
        for (const [type, rest] of withPath) {
          const {error} = await stand.ask('d0', type, `${path}\0${rest}`);
          stand.must(error === 'EINVAL', `type ${type} of "${path}": ${error ?? 'success'}`, 'EINVAL');
        }
      }
      await stand.play('d0 READ / -> *');
    },
    {seeds: 1, mutants: [normalizes]},
  ),
  check(
    'xenstored',
    'XS-PATH-03',
    async (stand) => {
      await stand.client('d1');
      for (const length of [2000, LONGEST_RELATIVE, LONGEST_RELATIVE + 1, 3000]) {
        const due = length <= LONGEST_RELATIVE ? 'ENOENT' : 'EINVAL';
        const name = 'p'.repeat(length);
        for (const path of [name, `/local/domain/1/${name}`]) {
          const {error} = await stand.ask('d1', XS.READ, `${path}\0`);
          const spelling = path === name ? 'relative' : 'absolute';
          stand.must(error === due, `${length} characters, ${spelling}: ${error ?? 'success'}`, due);
        }
      }
      await stand.play(`d0 READ /${'p'.repeat(LONGEST_ABSOLUTE)} -> EINVAL`);
    },
    {seeds: 1, mutants: [cutsPaths]},
  ),
  scripted(
    'XS-PATH-04',
    `
    d1 WRITE data v                -> OK
    d0 READ /local/domain/1/data   -> v
    d1 READ /local/domain/1/data   -> v
    d1 WATCH data token            -> OK
    d1 WATCH /local/domain/1/data absolute -> OK
    d1: data token, /local/domain/1/data absolute
    d0 WRITE /local/domain/1/data/x v -> OK
    d1: data/x token, /local/domain/1/data/x absolute
    d0 READ domain                 -> ENOENT
    `,
    [resolvesNothing],
  ),
  scripted(
    'XS-PATH-05',
    `
    d0 READ @releaseDomain             -> EINVAL
    d0 DIRECTORY @releaseDomain        -> EINVAL
    d0 WRITE @releaseDomain v          -> EINVAL
    d0 MKDIR @introduceDomain          -> EINVAL
    d0 RM @introduceDomain             -> EINVAL
    d0 WATCH @releaseDomain t          -> OK
    d0 SET_PERMS @releaseDomain n0 r1  -> OK
    d0 SET_PERMS @releaseDomain n0     -> OK
    `,
    [
      understands('takes @ for a directory', (request) =>
        request.type === XS.WATCH ? request : {...request, payload: request.payload.replace(/^@/, '/')},
      ),
    ],
  ),
  scripted(
    'XS-PATH-06',
    `
    d0 MKDIR /conform              -> OK
    d0 SET_PERMS /conform b0 r1    -> OK
    d0 WRITE /conform/a/b/c value  -> OK
    d0 READ /conform/a             -> ''
    d0 READ /conform/a/b           -> ''
    d0 GET_PERMS /conform/a        -> b0 r1
    d0 GET_PERMS /conform/a/b/c    -> b0 r1
    d0 MKDIR /conform/x/y          -> OK
    d0 GET_PERMS /conform/x        -> b0 r1
    `,
    [
      changesReply('says n0 of every node', XS.GET_PERMS, () => 'n0\0'),
      understands('makes no parents', (request) =>
        request.type === XS.WRITE ? {...request, payload: request.payload.replace('/a/b/c', '/c')} : request,
      ),
    ],
  ),
  scripted(
    'XS-PATH-07',
    `
    d0 MKDIR /conform              -> OK
    d0 SET_PERMS /conform b0 r2    -> OK
    d1 WRITE /conform/mine v       -> OK
    d0 GET_PERMS /conform/mine     -> b1 r2
    d1 MKDIR own                   -> OK
    d0 GET_PERMS /local/domain/1/own -> n1
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XS-PATH-08',
    `
    d0 WRITE /conform/a/b/c v -> OK
    d0 RM /conform/a          -> OK
    d0 READ /conform/a/b/c    -> ENOENT
    d0 READ /conform/a        -> ENOENT
    d0 READ /conform          -> ''
    d0 RM /conform/a          -> OK
    d0 RM /conform/none/below -> ENOENT
    d0 RM /                   -> EINVAL
    d0 READ /conform          -> ''
    `,
    [swallows('forgets to remove', XS.RM), answersInsteadOf('ENOENT', 'OK'), answersInsteadOf('EINVAL', 'OK')],
  ),
  scripted(
    'XS-PATH-09',
    `
    d0 WRITE /conform value -> OK
    d0 MKDIR /conform       -> OK
    d0 READ /conform        -> value
    d0 MKDIR /conform/new   -> OK
    d0 READ /conform/new    -> ''
    `,
    [
      understands('empties a directory that it makes', (request) =>
        request.type === XS.MKDIR ? {...request, type: XS.WRITE} : request,
      ),
      tiresOf(XS.MKDIR, 0),
    ],
  ),
  scripted(
    'XS-PATH-10',
    `
    d0 WRITE /conform/a/below v -> OK
    d0 WRITE /conform/b v       -> OK
    d0 DIRECTORY /conform       -> a b or b a
    d0 DIRECTORY /conform/b     -> ''
    d0 DIRECTORY /conform/c     -> ENOENT
    `,
    [changesReply('lists what is below, too', XS.DIRECTORY, (payload) => payload.replace('a\0', 'a\0a/below\0'))],
  ),
  check(
    'xenstored',
    'XS-PATH-11',
    async (stand) => {
      const names = Array.from({length: 60}, (_, i) => String(i).padStart(80, 'n'));
      for (const name of names) await stand.play(`d0 MKDIR /conform/${name} -> OK`);
      const part = async (offset: number): Promise<{generation: string; names: string}> => {
        const {message, error} = await stand.ask('d0', XS.DIRECTORY_PART, `/conform\0${offset}\0`);
        stand.must(error === undefined, `a part from ${offset} on: ${error}`, 'a part');
        stand.must(message.payload.length <= 4096, `${message.payload.length} bytes`, 'at most 4096');
        const at = message.payload.indexOf('\0') + 1;
        return {generation: message.payload.slice(0, at - 1), names: message.payload.slice(at)};
      };
      const listing = async (): Promise<{generation: string; text: string}> => {
        let [text, generation] = ['', ''];
        for (let parts = 0; parts < 10 && !text.endsWith('\0\0'); parts++) {
          const next = await part(text.length);
          stand.must(next.names !== '', 'an empty part', 'names, or a NUL at the end');
          text += next.names;
          generation = next.generation;
        }
        return {text, generation};
      };
      const {text, generation} = await listing();
      const seen = text.slice(0, -2).split('\0').toSorted();
      stand.must(seen.join() === names.toSorted().join(), `${seen.length} names`, `the ${names.length} names`);
      const beyond = await part(1_000_000);
      stand.must(beyond.names === '\0', JSON.stringify(beyond.names), 'a NUL where the offset is past the end');
      await stand.play(`d0 MKDIR /conform/more -> OK`);
      const after = await part(0);
      stand.must(after.generation !== generation, `generation ${generation} after a change`, 'another one');
    },
    {
      seeds: 1,
      mutants: [
        changesReply('always says generation 1', XS.DIRECTORY_PART, (payload) => payload.replace(/^\d+/, '1')),
        changesReply('never says that it was all', XS.DIRECTORY_PART, (payload) => payload.replace(/\0\0$/, '\0')),
      ],
    },
  ),
];
