import test, {type ExecutionContext} from 'ava';
import {Transcript} from './transcript.ts';

/** dom1 owns /g (n1), dom2 may read /g/shared, dom3 nothing. */
function withGuests(t: ExecutionContext): Transcript {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    host introduce 1
    host introduce 2
    host introduce 3
    dom0 MKDIR /g                      -> OK
    dom0 SET_PERMS /g n1               -> OK
    dom0 WRITE /g/shared v             -> OK
    dom0 SET_PERMS /g/shared n1 r2     -> OK
    dom0 WRITE /secret/x v             -> OK
    `,
  );
  return transcript;
}

test('a permission is a letter and a number in C notation', (t) => {
  new Transcript().play(
    t,
    `
    dom0 SET_PERMS /tool b0 r1 w2 n3   -> OK
    dom0 GET_PERMS /tool               -> b0 r1 w2 n3
    dom0 SET_PERMS /tool n0 r010 w0x10 -> OK
    dom0 GET_PERMS /tool               -> n0 r8 w16
    dom0 SET_PERMS /tool n0 r+3 r-1    -> OK
    dom0 GET_PERMS /tool               -> n0 r3 r-1
    dom0 SET_PERMS /tool n0 r3 n0 b0   -> OK
    dom0 GET_PERMS /tool               -> n0 r3 n0 b0
    dom0 SET_PERMS /tool q0            -> EINVAL
    dom0 SET_PERMS /tool n             -> EINVAL
    dom0 SET_PERMS /tool n0x           -> EINVAL
    dom0 SET_PERMS /tool n1z           -> EINVAL
    dom0 SET_PERMS /tool N0            -> EINVAL
    dom0 SET_PERMS /tool               -> EINVAL
    dom0 SET_PERMS /none n0            -> ENOENT
    `,
  );
});

test('the owner and dom0 may do everything, others what the list says, or the owner letter', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 WRITE /g/shared w             -> OK
    dom2 READ /g/shared                -> w
    dom2 WRITE /g/shared x             -> EACCES
    dom3 READ /g/shared                -> EACCES
    dom1 SET_PERMS /g/shared w1 b2     -> OK
    dom2 WRITE /g/shared x             -> OK
    dom2 READ /g/shared                -> x
    dom2 SET_PERMS /g/shared w1 b2 r3  -> EACCES
    dom3 WRITE /g/shared y             -> OK
    dom3 READ /g/shared                -> EACCES
    dom0 READ /g/shared                -> y
    `,
  );
});

test('the first entry that names the domain counts', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 SET_PERMS /g/shared n1 n2 b2  -> OK
    dom2 READ /g/shared                -> EACCES
    dom0 SET_PERMS /g/shared b1 r2     -> OK
    dom2 WRITE /g/shared x             -> EACCES
    dom3 WRITE /g/shared x             -> OK
    `,
  );
});

test('rights on a node need no rights on its parents', (t) => {
  withGuests(t).play(
    t,
    `
    dom2 READ /g                       -> EACCES
    dom2 READ /g/shared                -> v
    `,
  );
});

test('whoever may not see the place does not learn that nothing is there', (t) => {
  withGuests(t).play(
    t,
    `
    dom2 READ /secret/none             -> EACCES
    dom2 READ /g/shared/none           -> ENOENT
    dom2 READ /g/shared/none/deeper    -> ENOENT
    dom2 WRITE /g/shared/none v        -> EACCES
    dom2 RM /g/shared/none             -> EACCES
    dom1 READ /g/none                  -> ENOENT
    dom1 RM /g/none                    -> OK
    dom1 RM /g/none/deeper             -> ENOENT
    `,
  );
});

test('new nodes have the permissions of the nearest parent; a guest owns what it creates', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 SET_PERMS /g b0 w2 r3         -> OK
    dom0 WRITE /g/by/dom0 v            -> OK
    dom0 GET_PERMS /g/by               -> b0 w2 r3
    dom0 GET_PERMS /g/by/dom0          -> b0 w2 r3
    dom2 MKDIR /g/by2/deep             -> OK
    dom0 GET_PERMS /g/by2              -> b2 w2 r3
    dom0 GET_PERMS /g/by2/deep         -> b2 w2 r3
    dom0 SET_PERMS /g/by2 n2           -> OK
    dom0 WRITE /g/by2/more v           -> OK
    dom0 GET_PERMS /g/by2/more         -> n2
    `,
  );
});

test('a node is removed with the right to write it; what is below goes regardless', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 WRITE /g/shared/inner v       -> OK
    dom0 SET_PERMS /g/shared/inner n0  -> OK
    dom2 RM /g/shared                  -> EACCES
    dom1 RM /g/shared/inner            -> EACCES
    dom0 SET_PERMS /g n0               -> OK
    dom1 RM /g/shared                  -> OK
    dom0 DIRECTORY /g                  -> ''
    `,
  );
});

test('MKDIR on a node that exists needs the right to write it', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 MKDIR /g/shared -> OK
    dom2 MKDIR /g/shared -> EACCES
    `,
  );
});

test('a guest changes permissions of its own nodes, not their owner, and gives at most 5', (t) => {
  withGuests(t).play(
    t,
    `
    dom1 SET_PERMS /g/shared b1                -> OK
    dom1 SET_PERMS /g/shared n2                -> EPERM
    dom1 SET_PERMS /g/shared n1 r2 r3 r0 r2    -> OK
    dom1 SET_PERMS /g/shared n1 r2 r3 r0 r2 r3 -> ENOSPC
    dom0 SET_PERMS /g/shared n1 r2 r3 r0 r2 r3 -> OK
    dom0 SET_PERMS /g/shared n2                -> OK
    dom1 READ /g/shared                        -> EACCES
    dom2 WRITE /g/shared mine                  -> OK
    `,
  );
});

test('an owner must exist; other unknown domains are kept and shown, but have no rights when they come', (t) => {
  const transcript = withGuests(t);
  transcript.domains.delete(3);
  transcript.play(
    t,
    `
    dom0 SET_PERMS /g n9               -> ENOENT
    dom0 SET_PERMS /g/shared n1 r9     -> OK
    dom0 GET_PERMS /g/shared           -> n1 r9
    `,
  );
  transcript.domains.add(9);
  transcript.play(
    t,
    `
    host introduce 9
    dom9 READ /g/shared                -> EACCES
    dom0 SET_PERMS /g/shared n1 r9     -> OK
    dom9 READ /g/shared                -> v
    `,
  );
});

test('permissions for a domain that exists count before it is introduced', (t) => {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    dom0 WRITE /local/domain/1/name v            -> OK
    dom0 SET_PERMS /local/domain/1/name n0 r1    -> OK
    host introduce 1
    dom1 READ name                               -> v
    `,
  );
});

test('permissions of a domain that has gone are not those of the next with its number, even when the node is written', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    host gone 2
    `,
  );
  transcript.domains.add(2);
  transcript.play(
    t,
    `
    host introduce 2
    dom2 READ /g/shared                -> EACCES
    dom0 WRITE /g/shared new           -> OK
    dom2 READ /g/shared                -> EACCES
    dom0 WRITE /g/shared/child new     -> OK
    dom2 READ /g/shared/child          -> EACCES
    dom0 GET_PERMS /g/shared           -> n1 r2
    `,
  );
});

test('SET_TARGET gives a domain the rights of another, until that is gone', (t) => {
  const transcript = withGuests(t);
  transcript.play(
    t,
    `
    dom3 WRITE /g/x v                  -> EACCES
    dom0 SET_TARGET 3 1                -> OK
    dom3 WRITE /g/x v                  -> OK
    dom0 GET_PERMS /g/x                -> n3
    dom3 SET_PERMS /g/shared n1        -> OK
    host gone 1
    dom3 READ /g                       -> EACCES
    `,
  );
});

test('guests have no privileged requests', (t) => {
  const transcript = withGuests(t);
  for (const request of ['CONTROL', 'INTRODUCE', 'RELEASE', 'IS_DOMAIN_INTRODUCED', 'RESUME', 'SET_TARGET']) {
    transcript.play(t, `dom1 ${request} 1 -> EACCES`);
    transcript.play(t, `dom1 #9 ${request} 1 -> EACCES`);
  }
});

test('special watches have permissions of their own', (t) => {
  withGuests(t).play(
    t,
    `
    dom0 SET_PERMS @releaseDomain n0 r1   -> OK
    dom0 SET_PERMS @introduceDomain b0    -> OK
    dom0 SET_PERMS @introduceDomain q0    -> EINVAL
    dom0 SET_PERMS @introduceDomain n77   -> ENOENT
    dom0 SET_PERMS @somethingElse n0      -> EINVAL
    dom1 SET_PERMS @releaseDomain n1      -> EACCES
    dom0 GET_PERMS @releaseDomain         -> EINVAL
    `,
  );
});
