"""Says which pod it is and what it was asked, a line for each thing; ?wait=S answers S seconds late."""
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

heard = []


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def answer(self):
        query = parse_qs(urlsplit(self.path).query)
        self.rfile.read(int(self.headers.get("content-length", "0")))
        lines = ["pod: " + sys.argv[1], "request: " + self.command + " " + self.path]
        lines += [name.lower() + ": " + value for name, value in self.headers.items()]
        if self.path == "/heard":
            lines = heard
        else:
            heard.append(self.path + " " + self.headers["host"])
        time.sleep(float(query.get("wait", ["0"])[0]))
        body = ("\n".join(lines) + "\n").encode()
        self.send_response(int(query.get("status", ["200"])[0]))
        self.send_header("content-length", str(len(body)))
        self.send_header("x-app", sys.argv[1])
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server(("", 8080), Echo).serve_forever()
