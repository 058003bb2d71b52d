/* Rosenblatt's perceptron on each of n_sets sets, samples in natural order, until none is wrong. */
void perceptron(const double *X, const double *y, double *w, long n_sets, long n, long d) {
    for (long s = 0; s < n_sets; s++, X += n * d, y += n, w += d + 1)
        for (int wrong = 1; wrong;) {
            wrong = 0;
            for (long i = 0; i < n; i++) {
                double z = w[d];
                for (long j = 0; j < d; j++)
                    z += w[j] * X[i * d + j];
                if (y[i] * z > 0)
                    continue;
                wrong = 1;
                for (long j = 0; j < d; j++)
                    w[j] += y[i] * X[i * d + j];
                w[d] += y[i];
            }
        }
}
