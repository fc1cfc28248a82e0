package check_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/igloo-catalog/igloo/deploy/check"
)

// TestPodsAreConfined asks of each pod what Kubernetes calls "restricted", and more.
func TestPodsAreConfined(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		for _, pod := range check.Pods(objects) {
			s := pod.Spec.SecurityContext
			if s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 {
				t.Errorf("%s may run as root", pod.Name)
			}
			if s == nil || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
				t.Errorf("%s has no seccomp profile", pod.Name)
			}
			if pod.Spec.HostNetwork || pod.Spec.HostPID || pod.Spec.HostIPC {
				t.Errorf("%s is in its host's namespaces", pod.Name)
			}
			if pod.Spec.AutomountServiceAccountToken == nil {
				t.Errorf("%s does not say whether it needs the cluster's token", pod.Name)
			}
			for _, v := range pod.Spec.Volumes {
				if v.HostPath != nil {
					t.Errorf("%s mounts %s of its host", pod.Name, v.HostPath.Path)
				}
			}
			for _, c := range pod.Spec.Containers {
				confined(t, pod.Name, c)
			}
		}
	})
}

func confined(t *testing.T, pod string, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Privileged != nil && *s.Privileged {
		t.Errorf("%s may gain privileges", pod)
	}
	if s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Errorf("%s may write its root", pod)
	}
	if s == nil || s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0 {
		t.Errorf("%s has capabilities", pod)
	}
	if !regexp.MustCompile(`:[^:]+$`).MatchString(c.Image) || strings.HasSuffix(c.Image, ":latest") {
		t.Errorf("%s runs %s, which is of no version", pod, c.Image)
	}
}

// TestPodsAreBounded compares what Go is told it may use with what kills it.
func TestPodsAreBounded(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		for _, pod := range check.Pods(objects) {
			for _, c := range pod.Spec.Containers {
				limit := c.Resources.Limits.Memory().Value()
				if limit == 0 || c.Resources.Requests.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
					t.Errorf("%s: resources %+v", pod.Name, c.Resources)
				}
				mib, err := strconv.ParseInt(strings.TrimSuffix(variable(c, "GOMEMLIMIT").Value, "MiB"), 10, 64)
				if share := float64(mib<<20) / float64(limit); err != nil || share < 0.85 || share > 0.95 {
					t.Errorf("%s: GOMEMLIMIT is %.2f of the limit, %v", pod.Name, share, err)
				}
				if asks := variable(c, "GOMAXPROCS").ValueFrom; asks == nil || asks.ResourceFieldRef == nil || asks.ResourceFieldRef.Resource != "requests.cpu" {
					t.Errorf("%s: GOMAXPROCS is not the CPU that is asked for", pod.Name)
				}
			}
		}
	})
}

func variable(c corev1.Container, name string) corev1.EnvVar {
	for _, v := range c.Env {
		if v.Name == name {
			return v
		}
	}
	return corev1.EnvVar{}
}

// TestSecretsAreReferences finds no secret in what is rendered, nor room for one.
func TestSecretsAreReferences(t *testing.T) {
	secret := regexp.MustCompile(`(?i)(URL|KEY|SECRET|PASSWORD|TOKEN)$`)
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		for _, o := range objects {
			if o.Kind == "Secret" || strings.Contains(o.Text, "://") && regexp.MustCompile(`://[^/\s]*:[^/\s]*@`).MatchString(o.Text) {
				t.Errorf("%s %s has a secret in it", o.Kind, o.GetName())
			}
		}
		for _, pod := range check.Pods(objects) {
			for _, v := range pod.Spec.Containers[0].Env {
				if secret.MatchString(v.Name) && (v.Value != "" || v.ValueFrom == nil || v.ValueFrom.SecretKeyRef == nil) {
					t.Errorf("%s: %s is no reference to a secret", pod.Name, v.Name)
				}
			}
		}
	})
}

// TestDrains gives a pod that is to end longer than a commit may take, after nobody
// sends to it any more.
func TestDrains(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		for _, d := range check.Of[*appsv1.Deployment](objects) {
			spec := d.Spec.Template.Spec
			c := spec.Containers[0]
			const commit = 30 * time.Second // the default of commit-deadline, which no example changes
			delay, err := time.ParseDuration(fmt.Sprint(settingsOf(t, objects, d.Name)["drain-delay"]))
			if grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second; err != nil || delay < 5*time.Second || grace < delay+commit+15*time.Second {
				t.Errorf("%s is killed after %s and serves on for %s: %v", d.Name, grace, delay, err)
			}
			for name, probe := range map[string]*corev1.Probe{"/startedz": c.StartupProbe, "/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
				if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != name {
					t.Errorf("%s: probe of %s: %+v", d.Name, name, probe)
				}
			}
			if u := d.Spec.Strategy.RollingUpdate; u == nil || u.MaxUnavailable.IntValue() != 0 {
				t.Errorf("%s is fewer while it is rolled: %+v", d.Name, u)
			}
		}
	})
}

// settingsOf are what the program of a deployment is told.
func settingsOf(t *testing.T, objects []check.Object, deployment string) map[string]any {
	t.Helper()
	settings := map[string]any{}
	for _, m := range check.Of[*corev1.ConfigMap](objects) {
		if m.Name != deployment {
			continue
		}
		for _, text := range m.Data {
			if err := yaml.Unmarshal([]byte(text), &settings); err != nil {
				t.Fatal(err)
			}
		}
	}
	return settings
}

// TestSelectorsMeet finds pods for whatever selects them: a label that nobody has
// protects, spreads and serves nothing.
func TestSelectorsMeet(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		for _, s := range check.Of[*corev1.Service](objects) {
			meets(t, objects, s.Name, s.Spec.Selector)
		}
		for _, p := range check.Of[*policyv1.PodDisruptionBudget](objects) {
			meets(t, objects, p.Name, p.Spec.Selector.MatchLabels)
			if p.Spec.MaxUnavailable == nil || p.Spec.MaxUnavailable.IntValue() != 1 {
				t.Errorf("%s: a drained node has to wait for ever, or takes all: %+v", p.Name, p.Spec)
			}
		}
		for _, p := range check.Of[*networkingv1.NetworkPolicy](objects) {
			meets(t, objects, p.Name, p.Spec.PodSelector.MatchLabels)
			for _, rule := range p.Spec.Ingress {
				for _, peer := range rule.From {
					if peer.PodSelector != nil && peer.NamespaceSelector == nil {
						meets(t, objects, p.Name, peer.PodSelector.MatchLabels)
					}
				}
			}
		}
	})
}

func meets(t *testing.T, objects []check.Object, who string, selector map[string]string) {
	t.Helper()
	found := 0
	for _, d := range check.Of[*appsv1.Deployment](objects) {
		if labels.SelectorFromSet(selector).Matches(labels.Set(d.Spec.Template.Labels)) {
			found++
		}
	}
	if found != 1 || len(selector) == 0 {
		t.Errorf("%s selects %v, which the pods of %d deployments have", who, selector, found)
	}
}

// TestNamesAreUnique, as the second of a name would replace the first.
func TestNamesAreUnique(t *testing.T) {
	each(t, func(t *testing.T, objects []check.Object) {
		t.Helper()
		seen := map[string]bool{}
		for _, o := range objects {
			id := o.Kind + " " + o.GetName()
			if seen[id] || o.GetNamespace() != check.Release.Namespace || o.GetLabels()["app.kubernetes.io/name"] != "igloo" {
				t.Errorf("%s: there twice (%v), in %q, labels %v", id, seen[id], o.GetNamespace(), o.GetLabels())
			}
			seen[id] = true
		}
	})
}

// TestReplicasOutliveANode: two pods of each service, spread, where somebody depends
// on them.
func TestReplicasOutliveANode(t *testing.T) {
	text, err := check.RenderWith(chart, least)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := check.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range check.Of[*appsv1.Deployment](objects) {
		if d.Spec.Replicas == nil || *d.Spec.Replicas != 2 || len(d.Spec.Template.Spec.TopologySpreadConstraints) != 2 {
			t.Errorf("%s: replicas %v, spread %+v", d.Name, d.Spec.Replicas, d.Spec.Template.Spec.TopologySpreadConstraints)
		}
		for _, spread := range d.Spec.Template.Spec.TopologySpreadConstraints {
			selector, err := metav1.LabelSelectorAsSelector(spread.LabelSelector)
			if err != nil || !selector.Matches(labels.Set(d.Spec.Template.Labels)) {
				t.Errorf("%s spreads pods of somebody else: %v, %v", d.Name, selector, err)
			}
		}
	}
}
