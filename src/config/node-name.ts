/** Node names as Celery has them: a name, `@`, a host. %h and its like are filled in later. */
export const nodeNamePattern = /^[^\s@]{1,64}@[^\s@]{1,190}$/;
