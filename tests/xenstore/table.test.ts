import test, {type ExecutionContext} from 'ava';
import {REQUESTS} from '../../hypervisor/xenstore/requests.ts';
import {XS_ERRNOS} from '../../hypervisor/xenstore/wire.ts';
import {Transcript} from './transcript.ts';

/** Every request with every answer it can get: connection, transaction, request, reply. */
const TABLE: Readonly<Record<string, string>> = {
  CONTROL: `
    dom0 CONTROL check                        -> OK
    dom0 CONTROL "check"                      -> EINVAL
    dom1 CONTROL check                        -> EACCES
    dom0 #9 CONTROL check                     -> ENOENT
    dom0 CONTROL quota 9                      -> ENOENT`,
  DIRECTORY: `
    dom0 DIRECTORY /t                         -> a b
    dom0 DIRECTORY /t/a                       -> ''
    dom0 DIRECTORY /t/x                       -> ENOENT
    dom1 DIRECTORY /t                         -> EACCES
    dom1 DIRECTORY /t/x                       -> EACCES
    dom0 DIRECTORY /t/                        -> EINVAL
    dom0 DIRECTORY "/t"                       -> EINVAL
    dom0 DIRECTORY /wide                      -> E2BIG
    dom0 #9 DIRECTORY /t                      -> ENOENT`,
  READ: `
    dom0 READ /t/a                            -> 1
    dom0 READ /t/x                            -> ENOENT
    dom1 READ /t/a                            -> EACCES
    dom1 READ x                               -> ENOENT
    dom0 READ /t//a                           -> EINVAL
    dom0 READ @releaseDomain                  -> EINVAL
    dom0 READ ""                              -> EINVAL
    dom0 READ "/t/a\\u0000b\\u0000"           -> EINVAL
    dom0 #9 READ /t/a                         -> ENOENT`,
  GET_PERMS: `
    dom0 GET_PERMS /t                         -> n0
    dom0 GET_PERMS /t/x                       -> ENOENT
    dom1 GET_PERMS /t                         -> EACCES
    dom0 GET_PERMS /t/                        -> EINVAL
    dom0 #9 GET_PERMS /t                      -> ENOENT`,
  WATCH: `
    dom0 WATCH /w t                           -> OK
      dom0: /w t
    dom0 WATCH /w t                           -> EEXIST
    dom0 #9 WATCH /w u                        -> OK
      dom0: /w u
    dom0 WATCH /w/ t                          -> EINVAL
    dom0 WATCH "/w"                           -> EINVAL
    dom0 WATCH /w t t                         -> EINVAL
    dom1 WATCH w 1                            -> OK
      dom1: w 1
    dom1 WATCH w 2                            -> OK
      dom1: w 2
    dom1 WATCH w 3                            -> E2BIG`,
  UNWATCH: `
    dom0 WATCH /w t                           -> OK
      dom0: /w t
    dom0 UNWATCH /w                           -> EINVAL
    dom0 UNWATCH /w x                         -> ENOENT
    dom0 #9 UNWATCH /w t                      -> OK
    dom0 UNWATCH /w t                         -> ENOENT`,
  TRANSACTION_START: `
    dom0 TRANSACTION_START ''                 -> 1
    dom0 #1 TRANSACTION_START ''              -> EBUSY
    dom0 #9 TRANSACTION_START ''              -> ENOENT
    dom1 TRANSACTION_START ''                 -> 1
    dom1 TRANSACTION_START ''                 -> 2
    dom1 TRANSACTION_START ''                 -> ENOSPC`,
  TRANSACTION_END: `
    dom0 TRANSACTION_END T                    -> ENOENT
    dom0 #9 TRANSACTION_END T                 -> ENOENT
    dom0 TRANSACTION_START ''                 -> 1
    dom0 #1 TRANSACTION_END X                 -> EINVAL
    dom0 #1 TRANSACTION_END "T"               -> EINVAL
    dom0 #1 TRANSACTION_END F                 -> OK
    dom0 TRANSACTION_START ''                 -> 2
    dom0 #2 READ /t/a                         -> 1
    dom0b WRITE /t/a 2                        -> OK
    dom0 #2 TRANSACTION_END T                 -> EAGAIN
    dom0 #2 TRANSACTION_END T                 -> ENOENT
    dom1 TRANSACTION_START ''                 -> 1
    dom1 #1 WRITE big ${'v'.repeat(2100)}     -> ENOSPC
    dom1 #1 TRANSACTION_END T                 -> ENOMEM
    dom1 TRANSACTION_START ''                 -> 2
    dom1 #2 MKDIR 1                           -> OK
    dom1 #2 MKDIR 2                           -> OK
    dom1 #2 MKDIR 3                           -> OK
    dom1 #2 MKDIR 4                           -> OK
    dom1 #2 TRANSACTION_END T                 -> ENOSPC`,
  INTRODUCE: `
    dom0 INTRODUCE 2 1 1                      -> OK
    dom0 INTRODUCE 2 1 1                      -> OK
    dom0 INTRODUCE 9 1 1                      -> ENOENT
    dom0 INTRODUCE 2 1                        -> EINVAL
    dom0 INTRODUCE 2 1 0                      -> EINVAL
    dom1 INTRODUCE 2 1 1                      -> EACCES
    dom0 #9 INTRODUCE 2 1 1                   -> ENOENT`,
  RELEASE: `
    dom0 RELEASE 1                            -> OK
    dom0 RELEASE 1                            -> ENOENT
    dom0 RELEASE 0                            -> EINVAL
    dom0 RELEASE ""                           -> EINVAL
    dom0 #9 RELEASE 1                         -> ENOENT
    dom3 RELEASE 1                            -> EACCES`,
  GET_DOMAIN_PATH: `
    dom1 GET_DOMAIN_PATH 7                    -> /local/domain/7
    dom1 GET_DOMAIN_PATH x                    -> /local/domain/0
    dom1 GET_DOMAIN_PATH ""                   -> EINVAL
    dom1 #9 GET_DOMAIN_PATH 7                 -> ENOENT`,
  WRITE: `
    dom0 WRITE /t/a 2                         -> OK
    dom0 WRITE /t/new/deep 2                  -> OK
    dom0 WRITE "/t/a"                         -> EINVAL
    dom0 WRITE /t/ 2                          -> EINVAL
    dom1 WRITE /t/a 2                         -> EACCES
    dom1 WRITE 1/2/3/4 v                      -> ENOSPC
    dom1 WRITE x ${'v'.repeat(2100)}          -> ENOSPC
    dom0 #9 WRITE /t/a 2                      -> ENOENT`,
  MKDIR: `
    dom0 MKDIR /t/c/d                         -> OK
    dom0 MKDIR /t/a                           -> OK
    dom1 MKDIR /t/a                           -> EACCES
    dom1 MKDIR 1/2/3/4                        -> ENOSPC
    dom0 MKDIR /t//c                          -> EINVAL
    dom0 MKDIR "/t/c"                         -> EINVAL
    dom0 #9 MKDIR /t/c                        -> ENOENT`,
  RM: `
    dom0 RM /t/x                              -> OK
    dom0 RM /t/x/y                            -> ENOENT
    dom0 RM /                                 -> EINVAL
    dom0 RM /t/                               -> EINVAL
    dom1 RM /t/a                              -> EACCES
    dom0 TRANSACTION_START ''                 -> 1
    dom0 #1 DIRECTORY /t                      -> a b
    dom0b WRITE /t/c v                        -> OK
    dom0 #1 RM /t/c                           -> EIO
    dom0 #9 RM /t                             -> ENOENT
    dom0 RM /t                                -> OK
    dom0 RM /t                                -> OK`,
  SET_PERMS: `
    dom0 SET_PERMS /t b0 r1                   -> OK
    dom0 SET_PERMS /t                         -> EINVAL
    dom0 SET_PERMS /t x1                      -> EINVAL
    dom0 SET_PERMS /t n9                      -> ENOENT
    dom0 SET_PERMS /t/x n0                    -> ENOENT
    dom0 SET_PERMS @nosuch n0                 -> EINVAL
    dom0 SET_PERMS @releaseDomain n0          -> OK
    dom1 SET_PERMS @releaseDomain n1          -> EACCES
    dom1 SET_PERMS /t/a n1                    -> EACCES
    dom1 WRITE x v                            -> OK
    dom1 SET_PERMS x n0                       -> EPERM
    dom1 SET_PERMS x n1 r0 r2 r3 r0 r2        -> ENOSPC
    dom0 #9 SET_PERMS /t n0                   -> ENOENT`,
  IS_DOMAIN_INTRODUCED: `
    dom0 IS_DOMAIN_INTRODUCED 1               -> T
    dom0 IS_DOMAIN_INTRODUCED 2               -> F
    dom0 IS_DOMAIN_INTRODUCED 32752           -> T
    dom0 IS_DOMAIN_INTRODUCED ""              -> EINVAL
    dom1 IS_DOMAIN_INTRODUCED 1               -> EACCES
    dom0 #9 IS_DOMAIN_INTRODUCED 1            -> ENOENT`,
  RESUME: `
    dom0 RESUME 1                             -> OK
    dom0 RESUME 2                             -> ENOENT
    dom0 RESUME 0                             -> EINVAL
    dom1 RESUME 1                             -> EACCES
    dom0 #9 RESUME 1                          -> ENOENT`,
  SET_TARGET: `
    dom0 INTRODUCE 2 1 1                      -> OK
    dom0 SET_TARGET 1 2                       -> OK
    dom0 SET_TARGET 1 3                       -> ENOENT
    dom0 SET_TARGET 3 1                       -> ENOENT
    dom0 SET_TARGET 1                         -> EINVAL
    dom1 SET_TARGET 1 2                       -> EACCES
    dom0 #9 SET_TARGET 1 2                    -> ENOENT`,
  RESET_WATCHES: `
    dom1 RESET_WATCHES ''                     -> OK
    dom1 RESET_WATCHES ""                     -> OK
    dom1 #9 RESET_WATCHES ''                  -> ENOENT`,
  DIRECTORY_PART: `
    dom0 DIRECTORY_PART /t 0                  -> generation a b ''
    dom0 DIRECTORY_PART /t 2                  -> generation b ''
    dom0 DIRECTORY_PART /t 99                 -> generation ''
    dom0 DIRECTORY_PART /t                    -> EINVAL
    dom0 DIRECTORY_PART /t 0 0                -> EINVAL
    dom0 DIRECTORY_PART /t/ 0                 -> EINVAL
    dom0 DIRECTORY_PART /t/x 0                -> ENOENT
    dom1 DIRECTORY_PART /t 0                  -> EACCES
    dom0 #9 DIRECTORY_PART /t 0               -> ENOENT`,
};

function withNodes(t: ExecutionContext): Transcript {
  const transcript = new Transcript({quota: {watches: 1, transactions: 1, nodes: 4}});
  for (let i = 0; i < 100; i++) transcript.ask('dom0', 12, `/wide/${'n'.repeat(50)}${i}\0`);
  transcript.play(
    t,
    `
    host introduce 1
    dom0 WRITE /t/a 1                         -> OK
    dom0 WRITE /t/b 2                         -> OK
    dom0 MKDIR /local/domain/1                -> OK
    dom0 SET_PERMS /local/domain/1 n1         -> OK
    `,
  );
  return transcript;
}

for (const [name, lines] of Object.entries(TABLE)) test(name, (t) => withNodes(t).play(t, lines));

test('types that are no request', (t) => {
  withNodes(t).play(
    t,
    [15, 16, 20, 23, 24, 25, 26, 27, 4294967295].map((type) => `dom1 ${type} x -> ENOSYS`).join('\n'),
  );
});

test('the table has every request of the profile, and every error that there is', (t) => {
  const requests = REQUESTS.flatMap((request) => (request === undefined || request.isNew ? [] : [request.name]));
  t.deepEqual(Object.keys(TABLE), requests);
  const given = new Set(Object.values(TABLE).flatMap((lines) => lines.match(/(?<=-> )E\w+$/gm) ?? []));
  const never = new Set(['EISDIR', 'ENOTEMPTY', 'EROFS', 'EISCONN', 'ENOSYS']);
  t.deepEqual([...given].toSorted(), XS_ERRNOS.filter((errno) => !never.has(errno)).toSorted());
});
