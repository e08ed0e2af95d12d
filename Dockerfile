# Built in one stage and run from another, so that pip and its cache are not in the image.

# A tag, which moves. `--build-arg PYTHON_IMAGE=python:3.12-slim@sha256:…` pins it (docs/operations.md).
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/mqtt.txt /tmp/mqtt.txt
# What production.txt has, and the client of the bridge to a broker of MQTT.
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/mqtt.txt \
    && /opt/venv/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/venv/bin:$PATH \
    MALLOC_ARENA_MAX=2 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TIDEWIRE_MODE=production \
    DATA_DIR=/data \
    STATIC_ROOT=/app/static

# The base image's own pip is removed as well: nothing is installed from here on.
RUN /usr/local/bin/python -m pip uninstall --yes --quiet pip \
    && groupadd --system --gid 10001 tidewire \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin tidewire \
    && install -d -m 700 -o tidewire -g tidewire /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
# In development mode, which needs no secrets: the image must hold none.
RUN TIDEWIRE_MODE=development DATA_DIR=/tmp/collect python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf /tmp/collect

# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "scripts/healthcheck.py"]
CMD ["python", "manage.py", "serve", "--bind", "0.0.0.0", "--port", "8000"]
