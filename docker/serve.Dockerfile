# The server alone, with the model in models/ (`dvc pull models/model.onnx`):
#   docker build --file docker/serve.Dockerfile --tag specimen .
#   docker run --rm -p 127.0.0.1:8000:8000 specimen
# To use another model, mount its folder at /app/models.
FROM python:3.13-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin specimen
WORKDIR /app

COPY requirements/serve.txt requirements/
RUN pip install --no-deps --require-hashes --requirement requirements/serve.txt

COPY src/serve.py src/
COPY src/specimen src/specimen
COPY dvc.lock ./
COPY metrics/test.json metrics/
COPY models/model.onnx models/

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
STOPSIGNAL SIGTERM
# All addresses of the container; `docker run --publish` decides which addresses of the host lead there.
ENTRYPOINT ["python", "src/serve.py", "--host", "0.0.0.0"]
