import test, {type ExecutionContext} from 'ava';
import {XS} from '../../hypervisor/xenstore/index.ts';
import {FEATURES, RawGuest} from './raw-guest.ts';
import {Transcript} from './transcript.ts';

/** The profile `current`: what Xen's C daemon has learned since 4.17. */

function current(t: ExecutionContext): Transcript {
  const transcript = new Transcript({profile: 'current'});
  transcript.play(
    t,
    `
    host introduce 1
    dom0 MKDIR /local/domain/1          -> OK
    dom0 SET_PERMS /local/domain/1 n1   -> OK
    `,
  );
  return transcript;
}

test('c-4.17 knows none of it', (t) => {
  new Transcript().play(
    t,
    `
    host introduce 1
    dom0 23 ""                          -> ENOSYS
    dom0 24 1 0                         -> ENOSYS
    dom0 25 ""                          -> ENOSYS
    dom0 26 nodes 5                     -> ENOSYS
    dom0 WATCH /t token 1               -> EINVAL
    dom0 GET_PERMS @releaseDomain       -> EINVAL
    dom0 WATCH @releaseDomain/1 t       -> OK
      dom0: @releaseDomain/1 t
    host shutdown 1
    dom0 WRITE /any v                   -> OK
    dom0 SET_PERMS /any n0 r32757       -> OK
    dom1 READ /any                      -> EACCES
    `,
  );
});

test('features: 2 error, 4 watch depth, 8 DOMID_ANY; set before a domain is introduced', (t) => {
  current(t).play(
    t,
    `
    dom0 GET_FEATURE ""       -> 14
    dom1 GET_FEATURE ""       -> 14
    dom1 GET_FEATURE 2        -> EACCES
    dom0 GET_FEATURE 2        -> 14
    dom0 GET_FEATURE x        -> EINVAL
    dom0 GET_FEATURE 2 3      -> EINVAL
    dom0 GET_FEATURE 9        -> ENOENT
    dom0 SET_FEATURE 2 2      -> OK
    dom0 SET_FEATURE 2 1      -> EINVAL
    dom0 SET_FEATURE 2        -> EINVAL
    dom0 SET_FEATURE 1 2      -> EBUSY
    dom0 SET_FEATURE 9 2      -> ENOENT
    dom1 SET_FEATURE 3 2      -> EACCES
    host introduce 2
    dom2 GET_FEATURE ""       -> 2
    dom2 WATCH w t 1          -> EINVAL
    dom1 WATCH w t 1          -> OK
      dom1: w t
    `,
  );
});

test('a ring shows the features; that of c-4.17 none', (t) => {
  t.is(new RawGuest({profile: 'current'}).get(FEATURES), 14);
  t.is(new RawGuest().get(FEATURES), 0);
});

test('a watch with a depth reaches so many levels below its path', (t) => {
  current(t).play(
    t,
    `
    dom0 WATCH /d zero 0                -> OK
      dom0: /d zero
    dom0 WATCH /d one 1                 -> OK
      dom0: /d one
    dom0 WATCH / root 2                 -> OK
      dom0: / root
    dom0 WATCH /d none -1               -> EINVAL
    dom0b WRITE /d v                    -> OK
      dom0: /d zero
      dom0: /d one
      dom0: /d root
    dom0b WRITE /d/e v                  -> OK
      dom0: /d/e one
      dom0: /d/e root
    dom0b WRITE /d/e/f v                -> OK
    dom0b RM /d                         -> OK
      dom0: /d zero
      dom0: /d one
      dom0: /d root
    `,
  );
});

test('special watches name the domain at depth 1, and can be for one domain', (t) => {
  current(t).play(
    t,
    `
    dom0 WATCH @releaseDomain all       -> OK
      dom0: @releaseDomain all
    dom0 WATCH @releaseDomain each 1    -> OK
      dom0: @releaseDomain each
    dom0 WATCH @releaseDomain/1 one     -> OK
      dom0: @releaseDomain/1 one
    dom0 WATCH @releaseDomain/2 two     -> OK
      dom0: @releaseDomain/2 two
    host shutdown 1
      dom0: @releaseDomain all
      dom0: @releaseDomain/1 each
      dom0: @releaseDomain/1 one
    dom0 GET_PERMS @releaseDomain       -> n0
    dom1 GET_PERMS @releaseDomain       -> EACCES
    dom0 SET_PERMS @releaseDomain n0 r1 -> OK
    dom1 GET_PERMS @releaseDomain       -> n0 r1
    `,
  );
});

test('DOMID_ANY is every domain, whenever it came', (t) => {
  const transcript = current(t);
  transcript.play(
    t,
    `
    dom0 WRITE /any v                   -> OK
    dom0 SET_PERMS /any n0 r32757       -> OK
    host introduce 2
    dom1 READ /any                      -> v
    dom2 READ /any                      -> v
    dom2 WRITE /any w                   -> EACCES
    dom0 SET_PERMS /any n32757          -> ENOENT
    dom0 SET_PERMS /any n0 n1 r32757    -> OK
    dom1 READ /any                      -> EACCES
    dom2 READ /any                      -> v
    `,
  );
});

test('quotas, of all domains and of one; 0 is none', (t) => {
  const transcript = current(t);
  t.is(
    transcript.ask('dom0', XS.GET_QUOTA, ''),
    'nodes watches transactions outstanding transaction-nodes memory node-size path-max permissions soft-memory',
  );
  transcript.play(
    t,
    `
    dom0 GET_QUOTA nodes                -> 1000
    dom0 GET_QUOTA 1 nodes              -> 1000
    dom0 GET_QUOTA nosuch               -> EINVAL
    dom0 GET_QUOTA 9 nodes              -> ENOENT
    dom0 GET_QUOTA 1 nodes 3            -> EINVAL
    dom1 GET_QUOTA nodes                -> EACCES
    dom0 SET_QUOTA nodes                -> EINVAL
    dom0 SET_QUOTA nosuch 5             -> EINVAL
    dom0 SET_QUOTA 1 nodes 2            -> OK
    dom0 SET_QUOTA watches 1            -> OK
    dom0 GET_QUOTA 1 nodes              -> 2
    dom0 GET_QUOTA 2 nodes              -> 1000
    dom0 GET_QUOTA 1 watches            -> 1
    dom1 MKDIR a                        -> OK
    dom1 MKDIR b                        -> ENOSPC
    dom1 WATCH w 1                      -> OK
      dom1: w 1
    dom1 WATCH w 2                      -> OK
      dom1: w 2
    dom1 WATCH w 3                      -> ENOSPC
    dom0 SET_QUOTA 1 nodes 0            -> OK
    dom0 GET_QUOTA 1 nodes              -> 0
    dom1 MKDIR b                        -> OK
    dom1 SET_QUOTA nodes 5              -> EACCES
    `,
  );
});
