/** A value that tells who listens when it changes. */
export class Value<T> {
  private readonly listeners = new Set<(value: T) => void>();

  constructor(private current: T) {}

  get(): T {
    return this.current;
  }

  set(value: T): void {
    if (Object.is(value, this.current)) return;
    this.current = value;
    for (const listener of [...this.listeners]) listener(value);
  }

  /** Call `listener` now and at every change; the result ends that. */
  watch(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    listener(this.current);
    return () => this.listeners.delete(listener);
  }
}

export class Toggle extends Value<boolean> {
  flip(): void {
    this.set(!this.get());
  }
}

/** What has to be undone when a view is left, in one place. */
export class Cleanup {
  private readonly tasks: (() => void)[] = [];

  add(task: () => void): void {
    this.tasks.push(task);
  }

  run(): void {
    for (const task of this.tasks.splice(0).reverse()) task();
  }
}
