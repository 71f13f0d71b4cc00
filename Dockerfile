# The study in a box:  docker build -t dualrec . && docker run --rm -it -p 8888:8888 dualrec
# Another command:     docker run --rm -it -v "$PWD/runs:/dualrec/runs" dualrec make smoke
FROM python:3.11-slim
RUN apt-get update && apt-get install --yes --no-install-recommends make git && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home reader
WORKDIR /dualrec
RUN chown reader .
USER reader
COPY --chown=reader . .
RUN make setup
EXPOSE 8888
CMD [".venv/bin/python", "-m", "jupyterlab", "--ServerApp.root_dir=notebooks", "--ip=0.0.0.0", "--no-browser"]
