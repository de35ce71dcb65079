export { answerHealth, healthPath, type HealthCheck } from './health.ts';
export { versionInfo } from './version.ts';
