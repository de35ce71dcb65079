/** Pods, a Service and a ConfigMap for the specs of exec, attach, cp, port-forward, debug and logs. */
export const interactivePods = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {app.ini: "a=1\\n", mode: fast}
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: s3cret}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - name: web
    image: nginx
    workingDir: /srv
    ports: [{containerPort: 80}]
    envFrom: [{configMapRef: {name: settings}}]
    env:
    - {name: GREETING, value: hello}
    - {name: LOUD, value: "$(GREETING)!"}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
    volumeMounts:
    - {name: settings, mountPath: /etc/settings}
    - {name: keys, mountPath: /etc/keys, readOnly: true}
    - {name: shared, mountPath: /data}
  - name: side
    image: busybox
    volumeMounts: [{name: shared, mountPath: /shared}]
  volumes:
  - {name: settings, configMap: {name: settings}}
  - {name: keys, secret: {secretName: keys}}
  - {name: shared, emptyDir: {}}
---
apiVersion: v1
kind: Pod
metadata:
  name: named
  annotations: {kubectl.kubernetes.io/default-container: two}
spec:
  containers: [{name: one, image: busybox}, {name: two, image: busybox}]
---
apiVersion: v1
kind: Pod
metadata: {name: crash, annotations: {drydock.dev/exit-after: 300ms, drydock.dev/exit-code: "1"}}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Pod
metadata: {name: counting, annotations: {drydock.dev/run-command: "true"}}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: busybox
    command: [sh, -c, 'for i in 1 2 3 4; do echo "line $i"; echo "fault $i" >&2; sleep 0.5; done; exit 5']
---
apiVersion: v1
kind: Pod
metadata: {name: slow, annotations: {drydock.dev/start-delay: 1h}}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Pod
metadata: {name: unbound}
spec: {nodeSelector: {nowhere: "true"}, containers: [{name: c, image: busybox}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{name: http, port: 8000, targetPort: 80}]}
`;
