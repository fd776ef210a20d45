/** Brings the parts of the docs up to date that come from xl's command table: node dist/tests/support/write-reference.js */
import {readFileSync, writeFileSync} from 'node:fs';
import {manPage} from '../../toolstack/xl/reference/man-page.ts';
import {commandTable} from '../../toolstack/xl/reference/state.ts';

const page = readFileSync('docs/xl.md', 'utf8');
writeFileSync('docs/xl.md', page.replace(/^\| command \|[^]*?\n(?=\n)/m, commandTable()));
writeFileSync('docs/xl.1', manPage());
