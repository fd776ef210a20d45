import type {CommandSpec} from '../command.ts';
import {HELP_LONG} from './help-long.ts';

/** Parameters of the schedulers: in xl's order. @see golden/cli/xl-help-all.txt */
export const SCHEDULERS_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'sched-credit',
    usage: '[-d <Domain> [-w[=WEIGHT]|-c[=CAP]]] [-s [-t TSLICE] [-r RATELIMIT]] [-p CPUPOOL]',
    summary: 'Get/set credit scheduler parameters',
    optionHelp: `-d DOMAIN, --domain=DOMAIN        Domain to modify
-w WEIGHT, --weight=WEIGHT        Weight (int)
-c CAP, --cap=CAP                 Cap (int)
-s         --schedparam           Query / modify scheduler parameters
-t TSLICE, --tslice_ms=TSLICE     Set the timeslice, in milliseconds
-r RLIMIT, --ratelimit_us=RLIMIT  Set the scheduling rate limit, in microseconds
-m DLY, --migration_delay_us=DLY  Set the migration delay, in microseconds
-p CPUPOOL, --cpupool=CPUPOOL     Restrict output to CPUPOOL`,
    modifies: true,
    minOperands: 0,
    short: 'hd:w:c:p:t:r:m:s',
    long: {
      ...HELP_LONG,
      domain: 'd',
      weight: 'w',
      cap: 'c',
      schedparam: 's',
      tslice_ms: 't',
      ratelimit_us: 'r',
      migration_delay_us: 'm',
      cpupool: 'p',
    },
    load: () => import('../commands/sched-credit.ts'),
  },
  {
    name: 'sched-credit2',
    usage: '[-d <Domain> [-w[=WEIGHT]]] [-p CPUPOOL]',
    summary: 'Get/set credit2 scheduler parameters',
    optionHelp: `-d DOMAIN, --domain=DOMAIN     Domain to modify
-w WEIGHT, --weight=WEIGHT     Weight (int)
-c CAP,    --cap=CAP           Cap (int)
-s         --schedparam        Query / modify scheduler parameters
-r RLIMIT, --ratelimit_us=RLIMIT Set the scheduling rate limit, in microseconds
-p CPUPOOL, --cpupool=CPUPOOL  Restrict output to CPUPOOL`,
    modifies: true,
    minOperands: 0,
    short: 'hd:w:c:p:r:s',
    long: {...HELP_LONG, domain: 'd', weight: 'w', cap: 'c', schedparam: 's', ratelimit_us: 'r', cpupool: 'p'},
    load: () => import('../commands/sched-credit2.ts'),
  },
  {
    name: 'sched-rtds',
    usage: '[-d <Domain> [-v[=VCPUID/all]] [-p[=PERIOD]] [-b[=BUDGET]] [-e[=Extratime]]]',
    summary: 'Get/set rtds scheduler parameters',
    optionHelp: `-d DOMAIN, --domain=DOMAIN     Domain to modify
-v VCPUID/all, --vcpuid=VCPUID/all    VCPU to modify or output;
               Using '-v all' to modify/output all vcpus
-p PERIOD, --period=PERIOD     Period (us)
-b BUDGET, --budget=BUDGET     Budget (us)
-e Extratime, --extratime=Extratime Extratime (1=yes, 0=no)
`,
    modifies: true,
    minOperands: 0,
    short: 'hd:p:b:e:v:c:',
    long: {...HELP_LONG, domain: 'd', vcpuid: 'v', period: 'p', budget: 'b', extratime: 'e', cpupool: 'c'},
    load: () => import('../commands/sched-rtds.ts'),
  },
];
