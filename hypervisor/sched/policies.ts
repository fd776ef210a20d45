import {Arinc653} from './arinc653.ts';
import {Credit} from './credit.ts';
import {Credit2} from './credit2.ts';
import {NullPolicy} from './null.ts';
import type {Policy, PolicyName, RunQueue} from './policy.ts';
import {Rtds} from './rtds.ts';

const POLICY: Readonly<Record<PolicyName, (queue: RunQueue) => Policy>> = {
  credit: (queue) => new Credit(queue),
  credit2: (queue) => new Credit2(queue),
  rtds: (queue) => new Rtds(queue),
  arinc653: (queue) => new Arinc653(queue),
  null: (queue) => new NullPolicy(queue),
};

export const createPolicy = (name: PolicyName, queue: RunQueue): Policy => POLICY[name](queue);
