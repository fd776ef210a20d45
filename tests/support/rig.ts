export {
  createRig,
  type DevicePaths,
  Rig,
  type RigDevice,
  type RigDomain,
  type RigOptions,
} from '../../toolstack/conform/rig.ts';
