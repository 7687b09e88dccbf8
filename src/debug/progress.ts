export interface Running {
  update(message: string): void;
  end(): void;
}

/** Long work as the client shows it; each can be cancelled by its request. */
export class Progress {
  private readonly requests = new Map<string, number>();

  constructor(private readonly tell: (event: string, body: object) => void) {}

  begin(requestId: number, title: string): Running {
    const progressId = `request-${requestId}`;
    this.requests.set(progressId, requestId);
    this.tell('progressStart', { progressId, title, requestId, cancellable: true });
    return {
      update: (message) => this.tell('progressUpdate', { progressId, message }),
      end: () => {
        if (this.requests.delete(progressId)) this.tell('progressEnd', { progressId });
      },
    };
  }

  /** The request of a progress under way. */
  requestOf(progressId: unknown): number | undefined {
    return typeof progressId === 'string' ? this.requests.get(progressId) : undefined;
  }
}
