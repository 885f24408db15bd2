/** Higher first; the order of arrival decides within a class. */
export const JOB_CLASSES = ['interactive', 'prewarm', 'footage', 'backlog'] as const;
export type JobClass = (typeof JOB_CLASSES)[number];
