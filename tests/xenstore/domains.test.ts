import test from 'ava';

import {Transcript} from './transcript.ts';

test('INTRODUCE takes domid, frame and port; the domain must exist', (t) => {
  new Transcript().play(
    t,
    `
    dom0 IS_DOMAIN_INTRODUCED 1        -> F
    dom0 INTRODUCE 1 5                 -> EINVAL
    dom0 INTRODUCE 1 5 0               -> EINVAL
    dom0 INTRODUCE 1 5 x               -> EINVAL
    dom0 INTRODUCE "1\\u00005\\u00007" -> EINVAL
    dom0 INTRODUCE 77 5 7              -> ENOENT
    dom0 INTRODUCE 1 5 7               -> OK
    dom0 INTRODUCE 1 5 8               -> OK
    dom0 IS_DOMAIN_INTRODUCED 1        -> T
    dom0 IS_DOMAIN_INTRODUCED 0        -> T
    dom0 IS_DOMAIN_INTRODUCED 32752    -> T
    dom0 IS_DOMAIN_INTRODUCED 32753    -> F
    `,
  );
});

test('RELEASE removes what the domain owns, with events, then tells of it', (t) => {
  new Transcript().play(
    t,
    `
    host introduce 1
    dom0 WRITE /local/domain/1/name v  -> OK
    dom0 WRITE /elsewhere/a v          -> OK
    dom0 SET_PERMS /local/domain/1 n1  -> OK
    dom0 SET_PERMS /elsewhere/a n1     -> OK
    dom0 WATCH /local/domain/1/name n  -> OK
      dom0: /local/domain/1/name n
    dom0 WATCH / root                  -> OK
      dom0: / root
    dom0 WATCH @releaseDomain r        -> OK
      dom0: @releaseDomain r
    dom0 RELEASE 1                     -> OK
      dom0: /local/domain/1/name n (first)
      dom0: /local/domain/1 root (first)
      dom0: /elsewhere/a root (first)
      dom0: @releaseDomain r (first)
    dom0 DIRECTORY /local/domain       -> ''
    dom0 DIRECTORY /elsewhere          -> ''
    dom0 IS_DOMAIN_INTRODUCED 1        -> F
    dom0 RELEASE 1                     -> ENOENT
    `,
  );
});

test('RELEASE and RESUME are for introduced guests', (t) => {
  new Transcript().play(
    t,
    `
    dom0 RELEASE 0                     -> EINVAL
    dom0 RELEASE x                     -> EINVAL
    dom0 RELEASE "5"                   -> EINVAL
    dom0 RELEASE 5                     -> ENOENT
    dom0 RESUME 0                      -> EINVAL
    dom0 RESUME 5                      -> ENOENT
    dom0 SET_TARGET 5                  -> EINVAL
    dom0 SET_TARGET 5 0                -> ENOENT
    host introduce 1
    dom0 SET_TARGET 1 5                -> ENOENT
    dom0 SET_TARGET 1 0                -> OK
    dom0 RESUME 1                      -> OK
    `,
  );
});

test('a domain that owned the root leaves it to dom0', (t) => {
  new Transcript().play(
    t,
    `
    host introduce 1
    dom0 SET_PERMS / r1                -> OK
    host gone 1
    dom0 GET_PERMS /                   -> n0
    dom0 DIRECTORY /                   -> tool
    `,
  );
});

test('a domain that dies takes its watches and transactions along', (t) => {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    host introduce 1
    dom1 WATCH /x t                    -> OK
      dom1: /x t
    dom1 TRANSACTION_START ''          -> 1
    host gone 1
    dom0 WRITE /x v                    -> OK
    `,
  );
  transcript.domains.add(1);
  transcript.play(
    t,
    `
    host introduce 1
    dom1 #1 READ /x                    -> ENOENT
    dom1 TRANSACTION_START ''          -> 1
    `,
  );
});

test('CONTROL knows its commands', (t) => {
  new Transcript().play(
    t,
    `
    dom0 CONTROL check                 -> OK
    dom0 CONTROL check x               -> EINVAL
    dom0 CONTROL print hello           -> OK
    dom0 CONTROL print                 -> EINVAL
    dom0 CONTROL live-update           -> EINVAL
    dom0 CONTROL toString              -> EINVAL
    dom0 CONTROL ""                    -> EINVAL
    dom0 CONTROL "check"               -> EINVAL
    `,
  );
});

test('a type that is no request is ENOSYS, whatever else is wrong', (t) => {
  const transcript = new Transcript();
  transcript.play(t, 'host introduce 1');
  for (const type of [15, 16, 20, 23, 24, 99, 0xffff, 0xffffffff]) {
    transcript.play(t, `dom0 ${type} x -> ENOSYS`);
    transcript.play(t, `dom1 #7 ${type} x -> ENOSYS`);
  }
});

test('an unknown transaction is ENOENT, after privilege, before the payload', (t) => {
  const transcript = new Transcript();
  for (const request of ['READ', 'WRITE', 'SET_PERMS', 'TRANSACTION_START', 'RESET_WATCHES', 'CONTROL', 'INTRODUCE']) {
    transcript.play(t, `dom0 #5 ${request} "" -> ENOENT`);
  }
});
