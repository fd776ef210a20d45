import {XS} from '../../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../../check.ts';
import {
  answersInsteadOf,
  changesReply,
  swallows,
  takesGuestsForDom0,
  takesGuestsForOne,
  understands,
} from '../../mutants/xenstored.ts';
import {scripted} from './scripted.ts';

const letters = ['n', 'r', 'w', 'b'] as const;
const reads = (letter: string): boolean => letter === 'r' || letter === 'b';
const writes = (letter: string): boolean => letter === 'w' || letter === 'b';

const forgetsTheRest = understands('keeps only the first entry of a list', (request) =>
  request.type === XS.SET_PERMS
    ? {...request, payload: request.payload.split('\0').slice(0, 2).join('\0') + '\0'}
    : request,
);

const swapsReadAndWrite = understands('takes r for w and w for r', (request) =>
  request.type === XS.SET_PERMS
    ? {
        ...request,
        payload: request.payload.replaceAll(/\0([rw])(?=\d)/g, (_, letter) => (letter === 'r' ? '\0w' : '\0r')),
      }
    : request,
);

const badPerms = ['x1', 'n', '1', 'rr1', 'r1x', 'R1', "''", 'r-', '1r'];

export const storePermissionChecks: readonly Check[] = [
  check(
    'xenstored',
    'XS-PERM-01',
    async (stand) => {
      await stand.play('d1 READ data -> ENOENT\nd2 READ data -> ENOENT\nd0 MKDIR /conform -> OK');
      for (const byDefault of letters) {
        for (const explicit of letters) {
          await stand.play(`
            d0 WRITE /conform/node v                            -> OK
            d0 SET_PERMS /conform/node ${byDefault}3 ${explicit}1 -> ENOENT or OK
            d0 SET_PERMS /conform/node ${byDefault}0 ${explicit}1 -> OK
            d0 READ /conform/node     -> v
            d1 READ /conform/node     -> ${reads(explicit) ? 'v' : 'EACCES'}
            d1 WRITE /conform/node v  -> ${writes(explicit) ? 'OK' : 'EACCES'}
            d2 READ /conform/node     -> ${reads(byDefault) ? 'v' : 'EACCES'}
            d2 WRITE /conform/node v  -> ${writes(byDefault) ? 'OK' : 'EACCES'}
          `);
        }
      }
      await stand.play(`
        d0 SET_PERMS /conform/node n1    -> OK
        d1 READ /conform/node            -> v
        d1 WRITE /conform/node v         -> OK
        d0 SET_PERMS /conform/node n0 r1 b1 -> OK
        d1 WRITE /conform/node v         -> EACCES
      `);
    },
    {seeds: 1, mutants: [forgetsTheRest, swapsReadAndWrite, takesGuestsForOne, takesGuestsForDom0]},
  ),
  check(
    'xenstored',
    'XS-PERM-02',
    async (stand) => {
      await stand.play('d0 MKDIR /conform -> OK');
      for (const bad of badPerms) await stand.play(`d0 SET_PERMS /conform ${bad} -> EINVAL`);
      for (const bad of badPerms) await stand.play(`d0 SET_PERMS /conform n0 ${bad} -> EINVAL`);
      await stand.play(`
        d0 GET_PERMS /conform               -> n0
        d0 SET_PERMS /conform n0 r1 w2 b1   -> OK
        d0 GET_PERMS /conform               -> n0 r1 w2 b1
      `);
    },
    {
      seeds: 1,
      mutants: [
        forgetsTheRest,
        understands('takes capitals, too', (request) =>
          request.type === XS.SET_PERMS ? {...request, payload: request.payload.replace('R1', 'r1')} : request,
        ),
      ],
    },
  ),
  scripted(
    'XS-PERM-03',
    `
    d1 WRITE mine v                             -> OK
    d1 SET_PERMS mine n1 b2                     -> OK
    d2 SET_PERMS /local/domain/1/mine n1 b2 r0  -> EACCES or EPERM
    d2 SET_PERMS /local/domain/1/mine n2        -> EACCES or EPERM
    d1 SET_PERMS mine n2                        -> EPERM
    d1 SET_PERMS mine n0                        -> EPERM
    d1 GET_PERMS mine                           -> n1 b2
    d0 SET_PERMS /local/domain/1/mine n2        -> OK
    d0 GET_PERMS /local/domain/1/mine           -> n2
    `,
    [takesGuestsForDom0, takesGuestsForOne],
  ),
  scripted(
    'XS-PERM-04',
    `
    d0 WRITE /conform/dark/there v      -> OK
    d0 SET_PERMS /conform n0            -> OK
    d0 SET_PERMS /conform/dark n0       -> OK
    d0 SET_PERMS /conform/dark/there n0 -> OK
    d1 READ /conform/dark/there         -> EACCES
    d1 READ /conform/dark/none          -> EACCES
    d1 DIRECTORY /conform/dark/none     -> EACCES
    d1 GET_PERMS /conform/dark/none/at  -> EACCES
    d1 RM /conform/dark/none            -> EACCES
    d0 SET_PERMS /conform/dark r0       -> OK
    d1 READ /conform/dark/none          -> ENOENT
    `,
    [answersInsteadOf('EACCES', 'ENOENT'), takesGuestsForDom0],
  ),
  scripted(
    'XS-PERM-05',
    `
    d0 WRITE /conform/closed/open v      -> OK
    d0 SET_PERMS /conform n0             -> OK
    d0 SET_PERMS /conform/closed n0      -> OK
    d0 SET_PERMS /conform/closed/open r0 -> OK
    d1 READ /conform/closed              -> EACCES
    d1 READ /conform/closed/open         -> v
    d0 WRITE /conform/open/closed v      -> OK
    d0 SET_PERMS /conform/open b0        -> OK
    d0 SET_PERMS /conform/open/closed n0 -> OK
    d1 READ /conform/open                -> ''
    d1 READ /conform/open/closed         -> EACCES
    `,
    [
      takesGuestsForDom0,
      understands('looks at the rights of the parent', (request) =>
        request.type === XS.READ ? {...request, payload: request.payload.replace('/closed/open', '/closed')} : request,
      ),
    ],
  ),
  scripted(
    'XS-PERM-06',
    `
    d0 WRITE /conform/child v        -> OK
    d0 SET_PERMS /conform b0         -> OK
    d0 SET_PERMS /conform/child r0   -> OK
    d1 RM /conform/child             -> EACCES
    d1 WRITE /conform/child w        -> EACCES
    d1 MKDIR /conform/child          -> EACCES
    d1 SET_PERMS /conform/child n1   -> EACCES or EPERM
    d0 READ /conform/child           -> v
    d1 WRITE /conform/new v          -> OK
    d1 RM /conform/new               -> OK
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XS-PERM-07',
    `
    d1 READ /              -> EACCES
    d1 WRITE / v           -> EACCES
    d1 DIRECTORY /         -> EACCES
    d1 DIRECTORY_PART / 0  -> EACCES
    d1 GET_PERMS /         -> EACCES
    d1 SET_PERMS / n1      -> EACCES or EPERM
    d1 WRITE /conform v    -> EACCES
    d1 RM /                -> EACCES or EINVAL
    d0 GET_PERMS /         -> n0
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XS-PERM-08',
    `
    d0 WRITE /conform/secret v          -> OK
    d0 SET_PERMS /conform/secret n0 b1  -> OK
    d1 READ /conform/secret             -> v
    d0 MKDIR /conform/shared            -> OK
    d0 SET_PERMS /conform/shared b0     -> OK
    d1 WRITE /conform/shared/a/b v      -> OK
    release 1
    d0 DIRECTORY /conform/shared        -> ''
    d0 READ /local/domain/1             -> ENOENT
    d0 INTRODUCE 1 1 1                  -> OK
    d1 READ /conform/secret             -> EACCES
    d1 WRITE /conform/secret w          -> EACCES
    `,
    [
      swallows('forgets to release', XS.RELEASE),
      changesReply('keeps nodes of the dead', XS.DIRECTORY, () => 'a\0'),
      takesGuestsForDom0,
    ],
  ),
  scripted(
    'XS-PERM-09',
    `
    d2 WRITE data v                -> OK
    d1 READ /local/domain/2/data   -> EACCES
    d0 SET_TARGET 1 2              -> OK
    d1 READ /local/domain/2/data   -> v
    d1 WRITE /local/domain/2/data w -> OK
    d2 READ data                   -> w
    d2 READ /local/domain/1        -> EACCES
    `,
    [swallows('forgets the target', XS.SET_TARGET), takesGuestsForDom0],
  ),
  scripted(
    'XS-PERM-10',
    `
    d1 WRITE data v                       -> OK
    d1 SET_PERMS data n1 r2 r3 r4 r5      -> OK
    d1 SET_PERMS data n1 r2 r3 r4 r5 r6   -> ENOSPC
    d1 GET_PERMS data                     -> n1 r2 r3 r4 r5
    `,
    [takesGuestsForDom0, answersInsteadOf('ENOSPC', 'EINVAL')],
  ),
  scripted(
    'XS-PERM-11',
    `
    d0 WRITE /conform v                -> OK
    d0 SET_PERMS /conform n2999        -> ENOENT
    d0 GET_PERMS /conform              -> n0
    d0 SET_PERMS /conform n0 r2999     -> OK
    d0 GET_PERMS /conform              -> n0 r2999
    `,
    [answersInsteadOf('ENOENT', 'OK'), forgetsTheRest],
  ),
];
