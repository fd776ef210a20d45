export {type Breach, formatBreach} from './breach.ts';
export {formatLedger, type Leak, type Ledger} from './ledgers.ts';
export {Referee, type RefereeOptions} from './referee.ts';
