# The pipeline, for machines that run containers. It holds the packages; the repository is mounted:
#   docker build --file docker/train.Dockerfile --tag specimen-train .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/repository" specimen-train dvc repro
# With a GPU: build with --build-arg UV_TORCH_BACKEND=cu132, run with --gpus all.
FROM python:3.13-slim-trixie

# HOME: the user of `docker run --user` has none, and DVC, Git and matplotlib write there.
ENV HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/repository/src:/repository/tools \
    DVC_NO_ANALYTICS=1

RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /repository

COPY requirements.txt requirements/uv.txt requirements/train.txt requirements/dev.txt /opt/pins/
RUN pip install --no-cache-dir --require-hashes --requirement /opt/pins/uv.txt \
    && uv pip install --system --no-cache --compile-bytecode --require-hashes --requirement /opt/pins/train.txt
# PyPI has torch for CUDA alone. So torch comes from PyTorch's own index, by version: the hashes of PyPI do not fit it.
ARG UV_TORCH_BACKEND=cpu
RUN grep -E "^torch(vision)?==" /opt/pins/requirements.txt > /opt/pins/torch.txt \
    && uv pip install --system --no-cache --compile-bytecode --no-verify-hashes \
        --constraint /opt/pins/dev.txt --requirement /opt/pins/torch.txt

WORKDIR /repository
CMD ["dvc", "repro"]
