import {KEYBOARD_STEPS} from './devices.ts';
import {choice, EXIT_LIBXL_FAIL, field, type Step} from './step.ts';

const relaxedMsr: Step = ({reader, draft}) => {
  const relaxed = reader.boolean('msr_relaxed');
  if (relaxed === undefined) return;
  draft.libxl.archX86.msr_relaxed = relaxed ? 'True' : 'False';
  reader.warn(
    'WARNING: msr_relaxed will be removed in future versions.',
    'If it fixes an issue you are having please report to xen-devel@lists.xenproject.org.',
  );
};

export const ARCHITECTURE_STEPS: readonly Step[] = [
  choice(
    'gic_version',
    ['default', 'v2', 'v3'],
    'archArm.gic_version',
    (value) => `Unknown gic_version "${value}" specified`,
    EXIT_LIBXL_FAIL,
  ),
  choice('tee', ['none', 'optee'], 'buildInfo.tee', (value) => `Unknown tee "${value}" specified`, EXIT_LIBXL_FAIL),
  ...KEYBOARD_STEPS,
  field('xend_suspend_evtchn_compat', 'boolean', 'createInfo.xend_suspend_evtchn_compat'),
  relaxedMsr,
  field('vpmu', 'boolean', 'buildInfo.vpmu'),
];
