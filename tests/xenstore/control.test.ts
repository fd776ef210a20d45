import test from 'ava';
import {XS} from '../../hypervisor/xenstore/index.ts';
import {Transcript} from './transcript.ts';

test('commands, and what they refuse', (t) => {
  new Transcript({log: undefined}).play(
    t,
    `
    dom0 CONTROL ''                     -> EINVAL
    dom0 CONTROL nosuch                 -> EINVAL
    dom0 CONTROL "check"                -> EINVAL
    dom0 CONTROL check                  -> OK
    dom0 CONTROL check x                -> EINVAL
    dom0 CONTROL log on                 -> OK
    dom0 CONTROL log off                -> OK
    dom0 CONTROL log                    -> EINVAL
    dom0 CONTROL log maybe              -> EINVAL
    dom0 CONTROL print text             -> OK
    dom0 CONTROL print                  -> EINVAL
    dom0 CONTROL memreport              -> EINVAL -- there is no log
    dom0 CONTROL help x                 -> EINVAL
    dom0 CONTROL quota set nodes        -> EINVAL
    dom0 CONTROL quota set nodes 0      -> EINVAL
    dom0 CONTROL quota set nosuch 5     -> EINVAL
    dom0 CONTROL quota 99               -> ENOENT
    dom0 CONTROL quota 1 2              -> EINVAL
    dom0 CONTROL quota-soft set nodes 5 -> EINVAL
    dom0 CONTROL quota-soft 1           -> EINVAL
    host introduce 1
    dom1 CONTROL check                  -> EACCES
    `,
  );
});

test('help names every command', (t) => {
  const transcript = new Transcript();
  const names = transcript
    .ask('dom0', XS.CONTROL, 'help\0')
    .trim()
    .split('\n')
    .map((line) => line.split('\t')[0]);
  t.deepEqual(names, ['check', 'log', 'logfile', 'memreport', 'print', 'quota', 'quota-soft', 'help']);
});

test('a quota that is set counts from the next request on', (t) => {
  const transcript = new Transcript();
  transcript.play(
    t,
    `
    host introduce 1
    dom0 WRITE /local/domain/1 ''         -> OK
    dom0 SET_PERMS /local/domain/1 n1     -> OK
    dom0 CONTROL quota set nodes 2        -> OK
    dom1 MKDIR a                          -> OK
    dom1 MKDIR b                          -> ENOSPC
    dom0 WRITE /123456789 v               -> OK
    dom0 CONTROL quota set path-max 8     -> OK
    dom0 READ /123456789                  -> EINVAL -- although it is there
    dom1 READ 123456789                   -> EINVAL
    dom1 READ 12345678                    -> ENOENT
    dom0 READ /12345678                   -> EINVAL
    dom1 TRANSACTION_START ''             -> 1
    dom1 #1 READ a                        -> ''
    dom0 CONTROL quota set transaction-nodes 1 -> OK
    dom1 #1 READ a                        -> ''
    dom1 #1 READ b                        -> ENOSPC
    dom0 CONTROL quota-soft set memory 7  -> OK
    `,
  );
  const shown = transcript.ask('dom0', XS.CONTROL, 'quota\0');
  t.regex(shown, /^Quota settings:\nnodes            : {8}2 Nodes per domain\n/);
  t.regex(shown, /\npath-max         : {8}8 Max\. length of a node path\n/);
  t.is(
    transcript.ask('dom0', XS.CONTROL, 'quota\x001\0'),
    'Domain 1:\nnodes           :        2\nwatches         :        0\ntransactions    :        0\n' +
      'outstanding     :        0\nmemory          :        0\n',
  );
});

test('print, memreport and check write to the log, while it is on', (t) => {
  const lines: string[] = [];
  const transcript = new Transcript({log: (line) => void lines.push(line)});
  transcript.play(
    t,
    `
    dom0 CONTROL print one -> OK
    dom0 CONTROL memreport -> OK
    dom0 CONTROL check     -> OK
    dom0 CONTROL log off   -> OK
    dom0 CONTROL print two -> OK
    dom0 CONTROL log on    -> OK
    `,
  );
  t.deepEqual(lines, ['control: one', 'memreport: 3 nodes with 13 bytes of names and values']);
});

test('logfile and memreport name files, where the store may have any', (t) => {
  const files = new Map<string, string[]>();
  const appendToFile = (path: string, line: string): boolean => {
    if (!path.startsWith('/var/')) return false;
    files.set(path, [...(files.get(path) ?? []), line]);
    return true;
  };
  new Transcript({appendToFile}).play(
    t,
    `
    dom0 CONTROL log off             -> OK
    dom0 CONTROL logfile             -> EINVAL
    dom0 CONTROL logfile /var/a b    -> EINVAL
    dom0 CONTROL logfile /var/a      -> OK -- and the log is on
    dom0 CONTROL print one           -> OK
    dom0 CONTROL memreport /var/b    -> OK
    dom0 CONTROL memreport /no/b     -> EINVAL
    dom0 CONTROL logfile /no/a       -> OK
    dom0 CONTROL print two           -> OK
    `,
  );
  const report = 'memreport: 3 nodes with 13 bytes of names and values';
  t.deepEqual(
    [...files],
    [
      ['/var/a', ['control: one']],
      ['/var/b', [report]],
    ],
  );
  new Transcript().play(
    t,
    `
    dom0 CONTROL logfile /var/a      -> EINVAL
    dom0 CONTROL memreport /var/b    -> EINVAL
    `,
  );
});
