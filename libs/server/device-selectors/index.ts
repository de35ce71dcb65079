export { compileDeviceSelector, deviceSelectorProblem } from './device-selectors.ts';
