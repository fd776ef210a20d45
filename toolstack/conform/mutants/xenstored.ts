import type {XsMessage} from '../../../hypervisor/xenstore/index.ts';
import type {Mutant} from './mutant.ts';

/** Answers other than it should. `change` gets each message from the store. */
export const repliesWith = (name: string, change: (message: XsMessage) => XsMessage): Mutant => ({
  name,
  layer: () => ({receive: (message, pass) => pass(change(message))}),
});

/** Says that it did what it did not do. */
export const swallows = (name: string, type: number): Mutant => ({
  name,
  layer: () => ({
    send: (request, pass, reply) => {
      if (request.type === type) reply('OK\0');
      else pass(request);
    },
  }),
});
