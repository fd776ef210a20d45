import {XS} from '../../../hypervisor/xenstore/index.ts';
import {check, type Check} from '../check.ts';
import {scripted} from '../checks/xenstore/scripted.ts';
import {answersInsteadOf, ignoresTransactions, swallows, takesGuestsForDom0, tiresOf} from '../mutants/xenstored.ts';
import {ALIVE, miscounts, mustUse, removesNothing} from './store-steps.ts';

/** Longer than a node's quota. */
const BIG = 'v'.repeat(2100);

/** Transactions that fail half-way, conflict, or never end. */
export const storeTransactionAttacks: readonly Check[] = [
  check(
    'xenstored',
    'XSA-206',
    async (stand) => {
      await stand.client('d1');
      await stand.client('d2');
      for (let round = 0; round < 20; round++) {
        await stand.play(`
          d2 TRANSACTION_START ''        -> #t
          d2 #t WRITE device/${round} v  -> OK
          d1 WRITE data/${round} v       -> OK
          d2 #t WRITE device/${round}/state 1 -> OK
          d2 #t TRANSACTION_END T        -> OK
        `);
      }
    },
    {seeds: 1, mutants: [tiresOf(XS.TRANSACTION_END, 10)]},
  ),
  scripted(
    'XSA-414',
    `
    d1 WRITE a/b/c/d ${BIG}      -> ENOSPC
    d0 READ /local/domain/1/a    -> ENOENT
    d0 DIRECTORY /local/domain/1 -> ''
    d1 WRITE a/b/c/d v           -> OK
    d0 DIRECTORY /local/domain/1/a/b -> c
    `,
    [takesGuestsForDom0],
  ),
  scripted(
    'XSA-415',
    `
    d1 TRANSACTION_START ''      -> #t
    d1 #t WRITE a/b/c v          -> OK
    d1 #t WRITE a/b/x ${BIG}     -> ENOSPC
    d1 #t TRANSACTION_END T      -> ENOMEM
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [ignoresTransactions, takesGuestsForDom0],
  ),
  check(
    'xenstored',
    'XSA-421',
    async (stand) => {
      for (let round = 0; round < 30; round++) {
        await stand.play(`
          d1 TRANSACTION_START ''      -> #t
          d1 #t WRITE x/y/z v          -> OK
          d1 #t RM x                   -> OK
          d1 #t TRANSACTION_END T      -> OK
        `);
      }
      await mustUse(stand, 1, 'nodes', 1);
    },
    {seeds: 1, mutants: [removesNothing, miscounts('nodes')]},
  ),
  scripted(
    'XSA-440',
    `
    d1 WRITE a/b v               -> OK
    d1 TRANSACTION_START ''      -> #t
    d1 #t RM a                   -> OK
    d1 RM a                      -> OK
    d1 #t TRANSACTION_END T      -> EAGAIN
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [answersInsteadOf('EAGAIN', 'OK'), ignoresTransactions],
  ),
  scripted(
    'XSA-484',
    `
    d1 TRANSACTION_START ''      -> #t
    d1 #t WRITE a v              -> OK
    d1 #t RESET_WATCHES ''       -> OK
    d1 #t READ a                 -> ENOENT
    d1 #t TRANSACTION_END T      -> ENOENT
    d1 READ a                    -> ENOENT
    ${ALIVE}
    `,
    [swallows('forgets to reset', XS.RESET_WATCHES)],
  ),
];
