import {NS_PER_MS, NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {type Command, CommandError} from './command.ts';

/** ^C is seen this often. */
const PIECE_NS = 10 * NS_PER_MS;

export const spinCommand: Command = {
  name: 'spin',
  usage: '[SECONDS] [VCPUS]',
  help: 'computes for so much CPU time, without end by default',
  run: async (ctx, args) => {
    const [seconds = 'inf', vcpus = '1'] = args;
    const isForever = seconds === 'inf';
    if (!isForever && !/^\d+(\.\d*)?$/.test(seconds)) throw new CommandError(`invalid time '${seconds}'`);
    if (!/^[1-9]\d?$/.test(vcpus)) throw new CommandError(`invalid number of vCPUs '${vcpus}'`);
    const pieces = isForever ? Infinity : (Number(seconds) * NS_PER_S) / PIECE_NS;
    const spin = async (vcpu: number): Promise<void> => {
      const compute = (piece: number): Promise<void> =>
        ctx.machine.burn(PIECE_NS * Math.max(0, Math.min(1, pieces - piece)), vcpu);
      let next = compute(0);
      // One piece ahead: a vCPU that went to sleep in between would be scheduled as one that has just woken.
      for (let piece = 0; piece < pieces; piece++) {
        const current = next;
        next = compute(piece + 1);
        next.catch(() => undefined);
        await ctx.wait(current);
      }
    };
    await Promise.all(Array.from({length: Number(vcpus)}, (_, vcpu) => spin(vcpu)));
    return 0;
  },
};
